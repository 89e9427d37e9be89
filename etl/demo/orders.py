"""Orders: made day by day, so that any number of them needs no more memory than a few."""

import datetime as dt
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from etl.demo.addresses import address
from etl.demo.baskets import Shelf
from etl.demo.catalogue import Product
from etl.demo.chance import Wheel, stream
from etl.demo.contacts import Desk
from etl.demo.fulfilment import DAY, course
from etl.demo.payments import AT_ONCE, payment
from etl.demo.pharmacies import Clientele, Pharmacy
from etl.demo.places import centres
from etl.demo.plan import DAYS, DemoPlan, midnight
from etl.demo.prices import PriceList, money
from etl.demo.seasons import likelihoods, orders_a_day, second_of_day
from etl.demo.workdays import Workdays

Row = tuple[object, ...]

_ELSEWHERE = 0.03
_NOTED = 0.07
_NOTES = Wheel(
    [
        ("Entregar somente pela manhã.", 5),
        ("Ligar antes da entrega.", 4),
        ("Receber até as 17h, loja fecha para balanço.", 1),
        ("Conferir validade mínima de 12 meses.", 3),
        ("Pedido fechado pelo televendas.", 4),
        ("Preço conforme cotação aprovada.", 3),
        ("Entrega pela porta dos fundos.", 2),
        ("Agrupar com o pedido anterior, se possível.", 1),
        ("Não enviar produtos com validade inferior a 8 meses.", 2),
        ("Nota fiscal com número do pedido de compra da loja.", 1),
    ]
)
_CANCELLATIONS = Wheel(
    [
        ("Cancelado a pedido da farmácia.", 5),
        ("Cancelado: pedido em duplicidade.", 3),
        ("Cancelado: limite de crédito excedido.", 2),
        ("Cancelado: item principal em falta no distribuidor.", 2),
    ]
)
_REFUSED = "Cancelado: pagamento não autorizado."
_MORE_DAYS = 60
# Discounts in percent: on lines from so many cents, and on one line in ten by a campaign.
_LARGE = (60_000, 3)
_CAMPAIGN = (0.1, 5)
_UNSHIPPED = frozenset(("pending", "confirmed", "processing"))


@dataclass
class Batch:
    """Some orders with their items and what was said about them, as rows."""

    orders: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)


class OrderBook:
    """Makes the orders, and keeps count of what they take from the distribution centres.

    `sold`, `reserved` and `lines` count packages and order lines by centre (from 1) and place in the catalogue.
    """

    def __init__(
        self, plan: DemoPlan, customers: Sequence[Pharmacy], products: Sequence[Product], prices: PriceList
    ) -> None:
        self._plan = plan
        self._customers = customers
        self._prices = prices
        self._shelf = Shelf(products)
        self._clientele = Clientele(customers)
        self._workdays = Workdays(plan.since, DAYS + _MORE_DAYS)
        self._origin = midnight(plan.since)
        self._now = DAYS * DAY
        self._desk = Desk(plan, products)
        self._chance = stream(plan.seed, "orders")
        self._baskets = stream(plan.seed, "baskets")
        self._order_id = 0
        self._item_id = 0
        counts = range(len(centres()) + 1)
        self.sold = [array("q", bytes(8 * len(products))) for _ in counts]
        self.reserved = [array("q", bytes(8 * len(products))) for _ in counts]
        self.lines = [array("q", bytes(8 * len(products))) for _ in counts]

    def batches(self, size: int) -> Iterator[Batch]:
        """Give all orders, so many at a time."""
        batch = Batch()
        for day, count in enumerate(orders_a_day(self._plan)):
            month = (self._plan.since + dt.timedelta(days=day)).month
            likelihood, prices, joined = likelihoods(month), self._prices.on(day), self._clientele.on(day)
            for second in sorted(second_of_day(self._chance.random()) for _ in range(count)):
                customer = self._clientele.pick(self._chance, day, joined)
                basket = self._shelf.basket(self._baskets, customer, day, likelihood[customer.region])
                self._order(batch, customer, day * DAY + second, basket, prices[customer.tier])
                if len(batch.orders) == size:
                    yield batch
                    batch = Batch()
        if batch.orders:
            yield batch

    def _order(
        self, batch: Batch, customer: Pharmacy, ordered: int, basket: Sequence[int], prices: Sequence[int]
    ) -> None:
        """Add an order with its lines; what it comes to is the exact sum of them."""
        chance = self._chance
        self._order_id += 1
        way = course(chance, self._workdays, ordered, customer.place)
        status = way.status(self._now)
        method, paid = payment(chance, customer, ordered, way, self._now)
        subtotal, tax, units = self._lines(batch, customer, basket, prices, status)
        freight = _freight(customer, subtotal, units)
        shipped = way.shipped if status in ("shipped", "delivered") else None
        delivered = way.delivered if status == "delivered" else None
        batch.orders.append(
            (
                self._order_id,
                customer.id,
                created := self._moment(ordered),
                status,
                money(subtotal),
                money(tax),
                money(freight),
                money(subtotal + tax + freight),
                method,
                paid,
                address(chance, customer.place) if chance.random() < _ELSEWHERE else None,
                self._note(status, method, paid),
                shipped and self._moment(shipped),
                delivered and self._moment(delivered),
                self._moment(way.promised),
                created,
                self._moment(way.last_change(ordered, self._now)),
            )
        )
        batch.contacts.extend(self._desk.about(customer, self._order_id, ordered, way, status, basket))

    def _lines(
        self, batch: Batch, customer: Pharmacy, basket: Sequence[int], prices: Sequence[int], status: str
    ) -> tuple[int, int, int]:
        """Add the lines of an order; return its subtotal and tax in cents, and how many packages it has."""
        chance, icms, centre = self._baskets, customer.place.state.icms, customer.centre
        subtotal = taxes = units = 0
        for place in basket:
            quantity, price = self._shelf.quantity(chance, customer, place), prices[place]
            gross = quantity * price
            percent = (_LARGE[1] if gross >= _LARGE[0] else 0) + (_CAMPAIGN[1] if chance.random() < _CAMPAIGN[0] else 0)
            discount = (gross * percent + 50) // 100
            net = gross - discount
            tax = (net * icms + 500) // 1000
            self._item_id += 1
            batch.items.append(
                (
                    *(self._item_id, self._order_id, place + 1, quantity),
                    *(money(price), money(discount), money(tax), money(net + tax)),
                )
            )
            subtotal += net
            taxes += tax
            units += quantity
            if status != "cancelled":
                self.lines[centre][place] += 1
                (self.reserved if status in _UNSHIPPED else self.sold)[centre][place] += quantity
        return subtotal, taxes, units

    def _note(self, status: str, method: str, paid: str) -> str | None:
        point = self._chance.random()
        if status == "cancelled":
            return _REFUSED if paid == "failed" and method in AT_ONCE else _CANCELLATIONS.at(point)
        return _NOTES.at(point / _NOTED) if point < _NOTED else None

    def _moment(self, second: int) -> dt.datetime:
        return self._origin + dt.timedelta(0, second)


def _freight(customer: Pharmacy, subtotal: int, units: int) -> int:
    """Return the freight in cents: by distance and packages; none for large orders that go near."""
    days = customer.place.days
    if subtotal >= 100_000 + 60_000 * days:
        return 0
    return 1_490 + 520 * days + 22 * units
