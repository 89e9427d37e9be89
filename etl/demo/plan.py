"""The plan of a set of demo data: everything that decides what is in it."""

import datetime as dt
from dataclasses import dataclass

ORDERS = range(1, 100_000_001)
CUSTOMERS = range(2, 200_001)
PRODUCTS = range(20, 150_001)
"""What sizes can be made."""

_FIRST_UNTIL, _LAST_UNTIL = dt.date(2004, 1, 1), dt.date(2100, 1, 1)

DAYS = 730
"""How many days of orders there are: two of each season."""

BRASILIA = dt.timezone(dt.timedelta(hours=-3))
"""The time that all of the data is in; Brazil has had no summer time since 2019."""


@dataclass(frozen=True)
class DemoPlan:
    """How much demo data to make, up to which day, and from which seed."""

    until: dt.date
    seed: int
    orders: int
    customers: int
    products: int

    @classmethod
    def sized(
        cls,
        orders: int,
        *,
        until: dt.date,
        seed: int = 42,
        customers: int | None = None,
        products: int | None = None,
    ) -> "DemoPlan":
        """Plan so many orders; customers and products follow from that unless they are given.

        `until` is the first day without orders: nothing in the data lies after its midnight in Brasília. It raises
        `ValueError` where a size cannot be made.
        """
        if not _FIRST_UNTIL <= until <= _LAST_UNTIL:
            raise ValueError(f"until: {until} is not between {_FIRST_UNTIL} and {_LAST_UNTIL}")
        if customers is None:
            customers = min(60_000, max(60, orders // 20))
        if products is None:
            products = min(25_000, max(600, orders // 4))
        return cls(
            until=until,
            seed=seed,
            orders=_within("orders", orders, ORDERS),
            customers=_within("customers", customers, CUSTOMERS),
            products=_within("products", products, PRODUCTS),
        )

    @property
    def since(self) -> dt.date:
        """The first day that may have orders."""
        return self.until - dt.timedelta(days=DAYS)

    @property
    def now(self) -> dt.datetime:
        """The moment that the data looks as if it had been taken at."""
        return midnight(self.until)


def midnight(day: dt.date) -> dt.datetime:
    """Return the beginning of a day in Brasília."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=BRASILIA)


def _within(what: str, size: int, sizes: range) -> int:
    if size not in sizes:
        raise ValueError(f"{what}: {size:,} is not between {sizes[0]:,} and {sizes[-1]:,}")
    return size
