"""Who asks: the verified content of a token."""

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
