"""Who asks: the verified content of a token."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from security.capabilities import Capabilities
from security.roles import Role, capabilities_of


@dataclass(frozen=True)
class Principal:
    """A verified caller. Only `security.tokens` makes one from the outside world.

    `regions` and `warehouse_ids` are empty where the token names none. `scopes` is None where the token has no
    scopes at all, which is not the same as none granted.
    """

    subject: str
    roles: frozenset[Role]
    scopes: frozenset[str] | None = None
    customer_id: int | None = None
    regions: tuple[str, ...] = ()
    warehouse_ids: tuple[int, ...] = ()

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the roles grant, narrowed by the scopes."""
        return capabilities_of(self.roles, self.scopes)

    @cached_property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """How the database's row policies are told of the principal: settings and their values, empty for none."""
        return (
            ("gateway.capabilities", _array(self.capabilities)),
            ("gateway.customer_id", "" if self.customer_id is None else str(self.customer_id)),
            ("gateway.regions", _array(self.regions)),
            ("gateway.warehouse_ids", _array(map(str, self.warehouse_ids))),
        )


def _array(values: Iterable[str]) -> str:
    """Return texts as PostgreSQL writes an array; no text at all for none."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}" if quoted else ""
