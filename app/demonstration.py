"""Demonstration: a principal of each role on the data that is there, with its token."""

from collections.abc import Iterator, Sequence

from app.explorer import DemoToken
from app.identity import DevelopmentKey
from app.postgres import connect
from security.principal import Principal
from security.roles import Role

AGENT_SCOPES = ("catalog:read", "inventory:read", "orders:read")

_EXAMPLE = """
select o.customer_id, c.region from orders o join customers c on c.id = o.customer_id order by o.id limit 1
"""


def demo_tokens(key: DevelopmentKey, owner_url: str) -> Sequence[DemoToken]:
    """Return a fresh token for each role; that of a customer and of sales belong to a pharmacy that has orders."""
    with connect(owner_url) as connection:
        found = connection.execute(_EXAMPLE).fetchone()
    customer_id, region = found or (None, None)
    return [
        DemoToken(str(role), label, key.sign(principal)) for role, label, principal in _principals(customer_id, region)
    ]


def _principals(customer_id: int | None, region: str | None) -> Iterator[tuple[Role, str, Principal]]:
    for role in Role:
        principal = Principal(subject=f"demo-{role}", roles=frozenset({role}))
        match role:
            case Role.ADMIN:
                yield role, "everything", principal
            case Role.SALES if region:
                yield role, f"the region {region}", Principal(f"demo-{role}", frozenset({role}), regions=(region,))
            case Role.CUSTOMER if customer_id:
                owner = Principal(f"demo-{role}", frozenset({role}), customer_id=customer_id)
                yield role, f"the pharmacy with databaseId {customer_id}", owner
            case Role.AGENT:
                scoped = Principal(f"demo-{role}", frozenset({role}), scopes=frozenset(AGENT_SCOPES))
                yield role, f"only {', '.join(AGENT_SCOPES)}", scoped
            case Role.OPERATIONS:
                yield role, "all warehouses", principal
            case Role.SUPPORT:
                yield role, "contacts, masked customers", principal
            case Role.ANALYST:
                yield role, "sums and counts", principal
