"""Purchasing: what we order from suppliers so that the distribution centres can deliver."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence

from etl.demo.catalogue import Product
from etl.demo.chance import stream
from etl.demo.laboratories import Company
from etl.demo.orders import Row
from etl.demo.plan import DAYS, DemoPlan, midnight
from etl.demo.prices import PriceList, money
from etl.demo.stock import Stock
from etl.demo.workdays import Workdays

# Order lines that one purchase serves, and the most purchases of a product for a centre.
_LINES_A_LOT = 5
_MOST_LOTS = 16
_SECONDS = 86_400
_FIRST_DAY = -20
_REORDERED = 0.75
_LEAST, _DOZEN = 3, 12

_FROM_DISTRIBUTOR = 0.25
_CANCELLED, _PARTIAL, _LATE = 0.02, 0.1, 0.22
# The cost in parts of our default price; what the best tier pays with every discount is above it.
_COST = (0.68, 0.78)


class Purchasing:
    """The purchases of a plan, in the order of their times."""

    def __init__(
        self,
        plan: DemoPlan,
        products: Sequence[Product],
        suppliers: Sequence[Company],
        prices: PriceList,
        stock: Stock,
    ) -> None:
        self._plan = plan
        self._products = products
        self._distributors = [company for company in suppliers if not company.is_laboratory and company.is_active]
        self._prices = prices
        self._stock = stock
        self._workdays = Workdays(plan.since + dt.timedelta(days=_FIRST_DAY), DAYS - _FIRST_DAY + 60)
        self._origin = midnight(plan.since)
        self._chance = stream(plan.seed, "purchasing")

    def rows(self, lines: Sequence[Sequence[int]]) -> Iterator[Row]:
        """Give the rows of `purchase_orders`, and count at the stock what is on its way.

        `lines` are the order lines by centre and place in the catalogue.
        """
        places = self._stock.places
        # Time and place in one number: of those millions can be sorted.
        times = sorted(
            second * len(places) + number
            for number, (centre, place) in enumerate(places)
            for second in self._times(centre, place, lines[centre][place])
        )
        for purchase, packed in enumerate(times, 1):
            second, number = divmod(packed, len(places))
            centre, place = places[number]
            yield self._row(purchase, second + _FIRST_DAY * _SECONDS, centre, place, lines[centre][place])

    def _times(self, centre: int, place: int, lines: int) -> Iterator[int]:
        """Give when a product is bought for a centre, in seconds since `_FIRST_DAY`."""
        product = self._products[place]
        first = max(_FIRST_DAY, product.listed) - _FIRST_DAY
        last = min(DAYS, product.dropped) - _FIRST_DAY
        lots = _lots(lines)
        phase = self._stock.chance("phase", centre, place)
        for lot in range(lots):
            yield self._office_hour(first + int((lot + phase) / lots * (last - first)))
        if self._stock.is_low(centre, place) and self._stock.chance("reordered", centre, place) < _REORDERED:
            yield self._office_hour(last - 1 - int(phase * product.laboratory.lead_days))

    def _office_hour(self, day: int) -> int:
        """Return a time of the last working day up to a day, counted from `_FIRST_DAY`."""
        while self._workdays.after(day, 0) != day and day > 0:
            day -= 1
        return day * _SECONDS + 9 * 3600 + int(self._chance.random() * 8 * 3600)

    def _row(self, purchase: int, second: int, centre: int, place: int, lines: int) -> Row:
        random = self._chance.random
        product = self._products[place]
        supplier = product.laboratory
        if random() < _FROM_DISTRIBUTOR:
            supplier = self._distributors[int(random() * len(self._distributors))]
        day = second // _SECONDS
        quantity = self._quantity(centre, place, lines)
        expected = self._workday(day + supplier.lead_days) * _SECONDS + 18 * 3600
        late = int(1 + random() * 8) if random() < _LATE else -int(random() * min(3, supplier.lead_days - 1))
        received = self._workday(day + supplier.lead_days + late) * _SECONDS + int((8 + 9 * random()) * 3600)
        low, high = _COST
        cost = int(self._prices.on(max(0, day))[0][place] * (low + (high - low) * random()))
        status, arrived = "received", quantity
        fate = random()
        if received > DAYS * _SECONDS:
            status, arrived = "ordered", 0
            self._stock.incoming[centre, place] = self._stock.incoming.get((centre, place), 0) + quantity
        elif fate < _CANCELLED:
            status, arrived = "cancelled", 0
        elif fate < _CANCELLED + _PARTIAL:
            arrived = max(1, int(quantity * (0.6 + 0.38 * random())))
        ordered = self._moment(second)
        return (
            *(purchase, supplier.id, product.id, centre, quantity, arrived, money(cost), status),
            *(ordered, self._moment(expected), self._moment(received) if status == "received" else None, ordered),
        )

    def _quantity(self, centre: int, place: int, lines: int) -> int:
        """Return how many packages a purchase is for: a dozen's multiple where it is much."""
        quantity = math.ceil(
            self._stock.taken(centre, place) / max(1, _lots(lines)) * (0.95 + 0.3 * self._chance.random())
        )
        return math.ceil(quantity / _DOZEN) * _DOZEN if quantity > _DOZEN else max(_LEAST, quantity)

    def _workday(self, day: int) -> int:
        return self._workdays.after(day - _FIRST_DAY, 0) + _FIRST_DAY

    def _moment(self, second: int) -> dt.datetime:
        return self._origin + dt.timedelta(0, second)


def _lots(lines: int) -> int:
    return min(_MOST_LOTS, -(-lines // _LINES_A_LOT))
