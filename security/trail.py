"""How a principal comes to have a capability, or not to: each thing that decides, in the order in which it does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from security.capabilities import Capabilities
from security.principal import Principal
from security.roles import ROLES, SCOPED_ROLES, capabilities_of


class Decider(Enum):
    """What decides about access; the value is what clients read of it."""

    ROLES = "The table of roles."
    SCOPES = "The token's scopes."
    ACTOR = "Who acts on the subject's behalf."
    REVOCATIONS = "The list of revocations, while it can't be read."
    CAPABILITY = "What the type or field needs."
    LINK = "What the type at the other end of a link needs."
    MASK = "The field's mask."
    ROW_RULE = "The type's row rule: each word of it, and all together."


class Outcome(Enum):
    """What somebody is told; the value is what clients read of it."""

    SHOWN = "It is shown as it is."
    MASKED = "It is shown masked, and nothing can be compared with it."
    COUNTED = "It is counted and summed up in groups of many, and not shown."
    HIDDEN = "It does not exist for them."
    WITHHELD = "It is withheld while it can't be known which tokens were revoked."
    ROW_HIDDEN = "It would be shown, but not of this row."
    NO_ROW = "There is no such row, or none that the caller sees."


@dataclass(frozen=True)
class Step:
    """One decision: what it was taken by, what that says, and whether access goes on after it."""

    by: Decider
    rule: str
    holds: bool


def trail_of(principal: Principal, capability: str) -> Iterator[Step]:
    """Yield what decides whether somebody has a capability, with some reach at least."""

    def step(by: Decider, about: str, capabilities: Capabilities) -> Step:
        left = [name for name in capabilities if name == capability or name.startswith(f"{capability}:")]
        return Step(by, f"{about} {', '.join(left) or f'nothing of {capability}'}", bool(left))

    yield step(Decider.ROLES, f"{_named(principal.roles)} grant", _granted(principal))
    if principal.scopes is not None:
        yield step(Decider.SCOPES, "The scopes leave", capabilities_of(principal.roles, principal.scopes))
    elif not principal.roles.isdisjoint(SCOPED_ROLES):
        yield step(Decider.SCOPES, "Without scopes an agent has", capabilities_of(principal.roles, None))
    if principal.actor is not None:
        yield step(Decider.ACTOR, "What the actor may do too is", principal.unrestricted.capabilities)
    if principal.is_restricted:
        about = "While it can't be known what was revoked, there is"
        yield step(Decider.REVOCATIONS, about, principal.capabilities)


def _granted(principal: Principal) -> Capabilities:
    return Capabilities.of(name for role in principal.roles for name in ROLES[role].granted)


def _named(roles: Iterable[str]) -> str:
    return f"Roles ({', '.join(sorted(roles)) or 'none'})"
