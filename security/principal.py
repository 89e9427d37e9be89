"""Who asks: the verified content of a token."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from security.capabilities import Capabilities
from security.roles import Role, capabilities_of, is_sensitive


@dataclass(frozen=True)
class Actor:
    """Who acts for a principal (`act` of RFC 8693): an agent, most often. `scopes` as those of a principal."""

    subject: str
    roles: frozenset[Role]
    scopes: frozenset[str] | None = None


@dataclass(frozen=True)
class Principal:
    """A verified caller. Only `security.tokens` makes one from the outside world.

    `regions` and `warehouse_ids` are empty where the token names none. `scopes` is None where the token has no
    scopes at all, which is not the same as none granted.

    With an `actor` the subject is on whose behalf it acts. The rows are the subject's; the rights are what both have.
    `is_restricted` takes the sensitive rights away, while it can't be known whether the token was revoked.
    """

    subject: str
    roles: frozenset[Role]
    scopes: frozenset[str] | None = None
    customer_id: int | None = None
    regions: tuple[str, ...] = ()
    warehouse_ids: tuple[int, ...] = ()
    actor: Actor | None = None
    is_restricted: bool = False

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the roles grant, narrowed by the scopes, and by what an actor may do itself."""
        granted = capabilities_of(self.roles, self.scopes)
        if self.actor is not None:
            granted = granted.narrowed(capabilities_of(self.actor.roles, self.actor.scopes))
        return granted.without(is_sensitive) if self.is_restricted else granted

    @cached_property
    def role_names(self) -> str:
        """The roles in one text, with spaces between."""
        return " ".join(sorted(self.roles))

    @cached_property
    def claims_given(self) -> tuple[bool, bool, bool]:
        """Which of the claims that choose rows the token has: a customer, regions, warehouses."""
        return self.customer_id is not None, bool(self.regions), bool(self.warehouse_ids)

    @cached_property
    def has_plain_names(self) -> bool:
        """Whether no name of the token has U+0000 in it, which no text of PostgreSQL can have."""
        return "\0" not in self.subject + (self.actor.subject if self.actor else "")

    @cached_property
    def restricted(self) -> "Principal":
        """The same principal without its sensitive rights."""
        return replace(self, is_restricted=True)

    @property
    def unrestricted(self) -> "Principal":
        """The same principal with all its rights."""
        return replace(self, is_restricted=False)

    @cached_property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """How the database's row policies are told of the principal: settings and their values, empty for none.

        Capabilities have a space before and behind each of them; none can have one in it and pass for two.
        """
        granted = [capability for capability in self.capabilities if " " not in capability]
        return (
            ("gateway.capabilities", f" {' '.join(granted)} "),
            ("gateway.customer_id", "" if self.customer_id is None else str(self.customer_id)),
            ("gateway.regions", _array(self.regions)),
            ("gateway.warehouse_ids", _array(map(str, self.warehouse_ids))),
        )


def _array(values: Iterable[str]) -> str:
    """Return texts as PostgreSQL writes an array; no text at all for none."""
    quoted = ['"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values]
    return "{" + ",".join(quoted) + "}" if quoted else ""
