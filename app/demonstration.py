"""Demonstration: demo data for an empty database, and a token for each role on the data that is there."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.explorer import DemoToken
from app.identity import DevelopmentKey
from app.postgres import connect
from etl.demo import DemoPlan, holds_data, seed
from etl.demo.plan import BRASILIA
from security.principal import Principal
from security.roles import Role

AGENT_SCOPES = ("catalog:read", "inventory:read", "orders:read")

_EXAMPLE = """
select o.customer_id, c.region from orders o join customers c on c.id = o.customer_id order by o.id limit 1
"""


ORDERS = 2_000


def fill_if_empty(owner_url: str, report: Callable[[str], None]) -> None:
    """Fill a database that has no row with a small set of demo data; leave any other alone."""
    with connect(owner_url) as connection:
        if holds_data(connection):
            return
        report(f"making demo data of {ORDERS:,} orders")
        plan = DemoPlan.sized(ORDERS, until=dt.datetime.now(BRASILIA).date())
        seed(connection, plan, _Notes(report))


@dataclass(frozen=True)
class _Notes:
    """So little data needs no progress bar."""

    report: Callable[[str], None]

    def note(self, text: str) -> None:
        self.report(text)

    def writing(self, table: str, done: int, orders: int) -> None:
        """Say nothing."""


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
