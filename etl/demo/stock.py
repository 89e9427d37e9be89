"""Stock: which distribution centre keeps what, and how much of it."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from etl.demo.baskets import scatter
from etl.demo.catalogue import Product
from etl.demo.orders import OrderBook, Row
from etl.demo.places import centres
from etl.demo.plan import DAYS, DemoPlan

# How much of the stock is below its reorder point, and how much of that is used up.
_LOW = 0.13
_USED_UP = 0.15
# Stock is kept for the supplier's days and so many more; at the end of two years' growth more is sold than on average.
_SAFETY_DAYS = 10
_PACE = 1.25 / DAYS


class Stock:
    """The places of stock, each a centre (numbered from 1) and a place in the catalogue.

    `incoming` counts the packages that are on their way there.
    """

    def __init__(self, plan: DemoPlan, products: Sequence[Product], book: OrderBook) -> None:
        self._plan = plan
        self._products = products
        self._book = book
        self.places = list(self._kept())
        self.incoming: dict[tuple[int, int], int] = {}

    def is_sold(self, place: int) -> bool:
        """Whether a product is still sold, and so bought."""
        return self._products[place].dropped >= DAYS

    def is_low(self, centre: int, place: int) -> bool:
        """Whether there is less than the reorder point."""
        return self.is_sold(place) and self.chance("low", centre, place) < _LOW

    def chance(self, what: str, centre: int, place: int) -> float:
        """Return a number between 0 and 1 that is a place's own, for each purpose another."""
        topic = int.from_bytes(what.encode())
        return scatter((self._plan.seed * 31 + topic) * 0x9E3779B97F4A7C15 + (place << 8) + centre)

    def taken(self, centre: int, place: int) -> int:
        """Return how many packages orders have taken or will take."""
        return self._book.sold[centre][place] + self._book.reserved[centre][place]

    def rows(self) -> Iterator[Row]:
        """Give the rows of `inventory`."""
        now = self._plan.now
        for number, (centre, place) in enumerate(self.places, 1):
            reorder = self._reorder_point(centre, place)
            moved = now - dt.timedelta(minutes=int(1 + 4000 * self.chance("moved", centre, place) ** 2))
            yield (
                *(number, place + 1, centre, self._available(centre, place, reorder)),
                *(self._book.reserved[centre][place], self.incoming.get((centre, place), 0), reorder, moved),
            )

    def _kept(self) -> Iterator[tuple[int, int]]:
        for place in range(len(self._products)):
            for centre in centres():
                is_listed = self.is_sold(place) and self.chance("kept", centre.id, place) * 100 < centre.share
                if is_listed or self._book.lines[centre.id][place]:
                    yield centre.id, place

    def _reorder_point(self, centre: int, place: int) -> int:
        if not self.is_sold(place):
            return 0
        days = self._products[place].laboratory.lead_days + _SAFETY_DAYS
        least = 2 + int(6 * self.chance("least", centre, place))
        return least + math.ceil(self.taken(centre, place) * _PACE * days)

    def _available(self, centre: int, place: int, reorder: int) -> int:
        point = self.chance("available", centre, place)
        if not self.is_sold(place):
            return int(point * 12)
        if not self.is_low(centre, place):
            return math.ceil(reorder * (1 + 3 * point * point)) + 1
        return 0 if point < _USED_UP else int(reorder * (point - _USED_UP))
