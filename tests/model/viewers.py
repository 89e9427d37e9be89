"""Principals, each with the rows that it should see, written down by hand and not taken from the row rules."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from security.principal import Principal
from security.roles import Role
from tests.rows import Row
from tests.sample import SAMPLE

Pick = Callable[[Row], bool]


def everything(_row: Row) -> bool:
    """Pick every row."""
    return True


def nothing(_row: Row) -> bool:
    """Pick no row."""
    return False


@dataclass(frozen=True)
class Sight:
    """Which rows somebody sees: of the pharmacies', by the pharmacy's row; of warehouses', by the warehouse's row."""

    catalogue: Pick = nothing
    prices: Pick = nothing
    customers: Pick = nothing
    orders: Pick = nothing
    interactions: Pick = nothing
    inventory: Pick = nothing
    purchasing: Pick = nothing
    audit: Pick = nothing


@dataclass(frozen=True)
class Viewer:
    """A principal with what it should see, and with what it should count where that is something else."""

    name: str
    principal: Principal
    sees: Sight
    counts_instead: Sight | None = None

    @property
    def counts(self) -> Sight:
        """Which rows are counted and summed up."""
        return self.counts_instead or self.sees

    def __str__(self) -> str:
        return self.name


CUSTOMERS = {row["id"]: row for row in SAMPLE["customers"]}
WAREHOUSES = {row["id"]: row for row in SAMPLE["warehouses"]}
ORDERS = {row["id"]: row for row in SAMPLE["orders"]}

PHARMACY = 14
PHARMACY_TIER = 1
PHARMACY_WITHOUT_TIER = 11


def rows_of(table: str, sight: Sight) -> list[Row]:
    """Return the rows of a table that somebody sees."""
    sees = _SEEING[table]
    return [row for row in SAMPLE[table] if sees(sight, row)]


_SEEING: dict[str, Callable[[Sight, Row], bool]] = {
    "customer_tiers": lambda sight, row: sight.catalogue(row),
    "categories": lambda sight, row: sight.catalogue(row),
    "suppliers": lambda sight, row: sight.catalogue(row),
    "products": lambda sight, row: sight.catalogue(row),
    "pricing": lambda sight, row: sight.prices(row),
    "customers": lambda sight, row: sight.customers(row),
    "orders": lambda sight, row: sight.orders(CUSTOMERS[row["customer_id"]]),
    "order_items": lambda sight, row: sight.orders(CUSTOMERS[ORDERS[row["order_id"]]["customer_id"]]),
    "customer_interactions": lambda sight, row: sight.interactions(CUSTOMERS[row["customer_id"]]),
    "warehouses": lambda sight, row: sight.inventory(row),
    "inventory": lambda sight, row: sight.inventory(WAREHOUSES[row["warehouse_id"]]),
    "purchase_orders": lambda sight, row: sight.purchasing(WAREHOUSES[row["warehouse_id"]]),
    "audit_log": lambda sight, row: sight.audit(row),
}


def _is_pharmacy(row: Row) -> bool:
    return bool(row["id"] == PHARMACY)


def _is_pharmacy_without_tier(row: Row) -> bool:
    return bool(row["id"] == PHARMACY_WITHOUT_TIER)


def _is_southern(row: Row) -> bool:
    return row["region"] in ("Sul", "Sudeste")


def _is_northern(row: Row) -> bool:
    return bool(row["region"] == "Norte")


def _is_southern_or_pharmacy(row: Row) -> bool:
    return _is_southern(row) or _is_pharmacy(row)


def _is_northern_or_pharmacy(row: Row) -> bool:
    return _is_northern(row) or _is_pharmacy(row)


def _is_for_pharmacy(price: Row) -> bool:
    return price["customer_tier_id"] in (None, PHARMACY_TIER)


def _is_for_all(price: Row) -> bool:
    return price["customer_tier_id"] is None


def _is_assigned(warehouse: Row) -> bool:
    return warehouse["id"] in (1, 3)


def _principal(
    *roles: Role,
    scopes: tuple[str, ...] | None = None,
    customer_id: int | None = None,
    regions: tuple[str, ...] = (),
    warehouse_ids: tuple[int, ...] = (),
) -> Principal:
    return Principal(
        subject="-".join(roles),
        roles=frozenset(roles),
        scopes=None if scopes is None else frozenset(scopes),
        customer_id=customer_id,
        regions=regions,
        warehouse_ids=warehouse_ids,
    )


ALL_SEEN = Sight(*(everything,) * 8)
ALL_COUNTED = replace(ALL_SEEN, audit=nothing)
_SOUTH = ("Sul", "Sudeste")
_SALES = Sight(everything, everything, _is_southern, _is_southern, _is_southern, everything)
_OPERATIONS = Sight(catalogue=everything, inventory=everything, purchasing=everything)
_CUSTOMER = Sight(everything, _is_for_pharmacy, _is_pharmacy, _is_pharmacy, _is_pharmacy)

ADMIN = Viewer("admin", _principal(Role.ADMIN), ALL_SEEN)
SALES = Viewer("sales", _principal(Role.SALES, regions=_SOUTH), _SALES)
SALES_WITHOUT_REGIONS = Viewer(
    "sales without regions",
    _principal(Role.SALES),
    Sight(everything, everything, inventory=everything),
)
OPERATIONS = Viewer("operations", _principal(Role.OPERATIONS), _OPERATIONS)
OPERATIONS_OF_WAREHOUSES = Viewer(
    "operations of two warehouses",
    _principal(Role.OPERATIONS, warehouse_ids=(1, 3)),
    Sight(catalogue=everything, inventory=_is_assigned, purchasing=_is_assigned),
)
SUPPORT = Viewer(
    "support", _principal(Role.SUPPORT), Sight(catalogue=everything, customers=everything, interactions=everything)
)
AGENT = Viewer(
    "agent",
    _principal(Role.AGENT, scopes=("catalog:read", "orders:read", "customers:read", "suppliers:read")),
    Sight(catalogue=everything, customers=everything, orders=everything),
)
AGENT_WITHOUT_SCOPES = Viewer("agent without scopes", _principal(Role.AGENT), Sight())
AGENT_OF_PHARMACY = Viewer(
    "agent with the scope of a pharmacy",
    _principal(Role.AGENT, scopes=("catalog:read", "orders:read:own", "customers:read:own"), customer_id=PHARMACY),
    Sight(catalogue=everything, customers=_is_pharmacy, orders=_is_pharmacy),
)
CUSTOMER = Viewer("customer", _principal(Role.CUSTOMER, customer_id=PHARMACY), _CUSTOMER)
CUSTOMER_WITHOUT_TIER = Viewer(
    "customer without a tier",
    _principal(Role.CUSTOMER, customer_id=PHARMACY_WITHOUT_TIER),
    Sight(
        everything,
        _is_for_all,
        _is_pharmacy_without_tier,
        _is_pharmacy_without_tier,
        _is_pharmacy_without_tier,
    ),
)
CUSTOMER_OF_NOTHING = Viewer(
    "customer whose token names no pharmacy", _principal(Role.CUSTOMER), Sight(everything, _is_for_all)
)
CUSTOMER_SCOPED = Viewer(
    "customer with the scope of the catalogue",
    _principal(Role.CUSTOMER, scopes=("catalog:read", "orders:read:territory"), customer_id=PHARMACY),
    Sight(catalogue=everything),
)
ANALYST = Viewer(
    "analyst",
    _principal(Role.ANALYST),
    Sight(catalogue=everything, prices=everything),
    counts_instead=ALL_COUNTED,
)
SALES_AND_CUSTOMER = Viewer(
    "sales of one region and customer of another",
    _principal(Role.SALES, Role.CUSTOMER, regions=("Norte",), customer_id=PHARMACY),
    Sight(
        everything,
        everything,
        _is_northern_or_pharmacy,
        _is_northern_or_pharmacy,
        _is_northern_or_pharmacy,
        everything,
    ),
)
SALES_AND_ANALYST = Viewer(
    "sales and analyst",
    _principal(Role.SALES, Role.ANALYST, regions=_SOUTH),
    _SALES,
    counts_instead=ALL_COUNTED,
)
ADMIN_SCOPED_TO_TERRITORY = Viewer(
    "admin with the scopes of a territory",
    _principal(Role.ADMIN, scopes=("orders:read:territory", "customers:read:territory"), regions=_SOUTH),
    Sight(customers=_is_southern, orders=_is_southern),
)
NOBODY = Viewer("somebody without a role", _principal(), Sight())

VIEWERS = (
    ADMIN,
    SALES,
    SALES_WITHOUT_REGIONS,
    OPERATIONS,
    OPERATIONS_OF_WAREHOUSES,
    SUPPORT,
    AGENT,
    AGENT_WITHOUT_SCOPES,
    AGENT_OF_PHARMACY,
    CUSTOMER,
    CUSTOMER_WITHOUT_TIER,
    CUSTOMER_OF_NOTHING,
    CUSTOMER_SCOPED,
    ANALYST,
    SALES_AND_CUSTOMER,
    SALES_AND_ANALYST,
    ADMIN_SCOPED_TO_TERRITORY,
    NOBODY,
)
