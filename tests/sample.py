"""A small invented data set: some rows of every table, with all that filters, orderings and groups could stumble over.

Dates and amounts come several times, every column that may be empty is so somewhere, names have letters with accents
and the characters that patterns give a meaning, some orders have no items and some customers no orders.
"""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from app.embedded import Stack
from tests.databases import new_database
from tests.rows import Data, Row, insert

T = TypeVar("T")

REGIONS = ("Norte", "Nordeste", "Centro-Oeste", "Sudeste", "Sul")
TIERS = ("bronze", "silver", "gold", "platinum")

NAMES = (
    "Farmácia São João",
    "farmácia são joão",
    "Drogaria 100%",
    "Drogaria 1000",
    "Drogaria_Central",
    "Drogaria Central",
    "Farma\\Norte",
    "Ação & Saúde ÀÉÎÕÜ",
    "薬局 💊",
    "",
    " Espaço ",
    'It\'s "quoted"; -- {0} %s $1',
    "Drogaria Central",
    "Zé",
)

# Midnight in São Paulo is 03:00 in UTC, or 02:00 in the summers until 2019; the moments lie around it.
MOMENTS = tuple(
    dt.datetime.fromisoformat(text)
    for text in (
        "2018-11-04T02:59:59.999999+00:00",
        "2018-11-04T03:00:00+00:00",
        "2019-02-17T01:59:59+00:00",
        "2019-02-17T02:30:00.5+00:00",
        "2024-02-29T12:00:00+00:00",
        "2024-12-30T02:59:59+00:00",
        "2024-12-30T03:00:00+00:00",
        "2025-01-01T02:59:59.999999+00:00",
        "2025-01-01T03:00:00+00:00",
        "2025-03-31T23:30:00+00:00",
        "2025-04-01T02:30:00.123456+00:00",
        "2025-04-01T02:30:00.123457+00:00",
        "2025-06-15T15:45:30.25+00:00",
    )
)
AMOUNTS = tuple(Decimal(text) for text in ("0.00", "0.01", "10.00", "10.01", "99.90", "100.00", "1234.56", "-5.50"))


class _Maker:
    """Makes rows with a generator of random choices, the same ones each time."""

    def __init__(self) -> None:
        self._random = random.Random(20260301)

    def pick(self, values: tuple[T, ...]) -> T:
        return self._random.choice(values)

    def maybe(self, make: Callable[[], T], share: float = 0.3) -> T | None:
        """Return what `make` does, or nothing in this share of cases."""
        return None if self._random.random() < share else make()

    def moment(self) -> dt.datetime:
        return self.pick(MOMENTS)

    def amount(self) -> Decimal:
        return self.pick(AMOUNTS)

    def number(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def flag(self) -> bool:
        return self._random.random() < 0.5


def _tiers() -> list[Row]:
    return [{"id": place, "name": name} for place, name in enumerate(TIERS, 1)]


def _customers(make: _Maker) -> list[Row]:
    return [
        {
            "id": 10 + place,
            "name": name,
            "cnpj": f"{place:02}ABC345000199",
            "email": make.maybe(partial("compras{}@farmacia.example".format, place)),
            "phone": make.maybe(lambda: "+55 11 5555-0100"),
            "address": make.maybe(lambda: "Rua Ímpar, 5 %, 01000-000"),
            "city": make.maybe(lambda: make.pick(("São Paulo", "Curitiba", "Belém"))),
            "state": make.maybe(lambda: make.pick(("SP", "PR", "PA"))),
            "region": REGIONS[place % len(REGIONS)],
            # The second customer has none in any case.
            "tier_id": None if place == 1 else make.maybe(lambda: make.number(1, 4), 0.15),
            "credit_limit": make.maybe(make.amount),
            "payment_terms": make.maybe(lambda: make.pick(("30d", "30/60d"))),
            "status": make.pick(("active", "inactive", "suspended")),
            "created_at": make.moment(),
            "updated_at": make.moment(),
        }
        for place, name in enumerate(NAMES)
    ]


def _categories() -> list[Row]:
    parents = (("Medicamentos", None), ("Genéricos", 1), ("Genéricos", 1), ("Infantis", 2), ("Perfumaria", None))
    return [{"id": place, "name": name, "parent_id": parent} for place, (name, parent) in enumerate(parents, 1)]


def _suppliers(make: _Maker) -> list[Row]:
    contacts: tuple[Any, ...] = ({"email": "vendas@lab.example", "phones": ["1", None], "é": 1.5}, [], "text", 0, False)
    return [
        {
            "id": place,
            "name": f"Laboratório {'Ágil' if place % 2 else 'agil'} {place % 3}",
            "cnpj": f"{place:02}LAB345000188",
            "type": make.pick(("manufacturer", "distributor")),
            "contact_info": contacts[place - 1] if place <= len(contacts) else None,
            "payment_terms": make.maybe(lambda: make.pick(("28d", "45d"))),
            "region": make.maybe(lambda: make.pick(REGIONS)),
            "status": make.pick(("active", "inactive")),
            "created_at": make.moment(),
            "updated_at": make.moment(),
        }
        for place in range(1, 8)
    ]


def _products(make: _Maker, categories: int, suppliers: int) -> list[Row]:
    return [
        {
            "id": place,
            "sku": f"SKU-{place:04}",
            "name": make.pick(("DIPIRONA 500MG", "Dipirona 500mg", "AMOXICILINA_", "VITAMINA C 100%", "Ômega\\3")),
            "description": make.maybe(lambda: make.pick(("Analgésico", "ANALGÉSICO 5%", "a_b"))),
            "category_id": make.maybe(lambda: make.number(1, categories)),
            "manufacturer_id": make.maybe(lambda: make.number(1, suppliers - 1)),
            "active_ingredient": make.maybe(lambda: make.pick(("DIPIRONA", "AMOXICILINA;CLAVULANATO"))),
            "dosage": make.maybe(lambda: make.pick(("500 MG", "1 G"))),
            "package_size": make.maybe(lambda: "COM CT BL X 20"),
            "regulatory_code": make.maybe(partial("1.0000.{:04}".format, place)),
            "is_generic": make.flag(),
            "status": make.pick(("active", "discontinued")),
            "created_at": make.moment(),
            "updated_at": make.moment(),
        }
        for place in range(1, 31)
    ]


def _warehouses() -> list[Row]:
    places = (("CD Cajamar", "Cajamar", "SP"), ("CD Recife", None, "PE"), ("CD Sul", "Joinville", None))
    return [
        {"id": place, "name": name, "city": city, "state": state} for place, (name, city, state) in enumerate(places, 1)
    ]


def _inventory(make: _Maker) -> list[Row]:
    pairs = [(product, warehouse) for product in range(1, 26) for warehouse in (1, 2, 3) if make.flag()]
    return [
        {
            "id": place,
            "product_id": product,
            "warehouse_id": warehouse,
            "quantity_available": make.number(0, 5) * 10,
            "quantity_reserved": make.number(0, 3),
            "quantity_incoming": make.number(0, 1) * 2_000_000_000,
            "reorder_point": make.number(0, 2),
            "last_updated": make.moment(),
        }
        for place, (product, warehouse) in enumerate(pairs, 1)
    ]


def _orders(make: _Maker, customers: int) -> list[Row]:
    return [
        {
            "id": place,
            # The last customers have no orders.
            "customer_id": 10 + make.number(0, customers - 4),
            "order_date": make.moment(),
            "status": make.pick(("pending", "confirmed", "processing", "shipped", "delivered", "cancelled")),
            "subtotal": make.amount(),
            "tax": make.amount(),
            "shipping_cost": make.amount(),
            "total": Decimal("999999999999.99") if place == 7 else make.amount(),
            "payment_method": make.maybe(lambda: make.pick(("boleto", "pix", "PIX"))),
            "payment_status": make.pick(("pending", "paid", "refunded", "failed")),
            "shipping_address": make.maybe(lambda: "Av. Nova, 1"),
            "notes": make.maybe(lambda: make.pick(("urgente", "URGENTE 50%", "a_b"))),
            "shipped_at": make.maybe(make.moment),
            "delivered_at": make.maybe(make.moment),
            "promised_at": make.maybe(make.moment),
            "created_at": make.moment(),
            "updated_at": make.moment(),
        }
        for place in range(1, 61)
    ]


def _order_items(make: _Maker, orders: int) -> list[Row]:
    return [
        {
            "id": place,
            # The last orders have no items.
            "order_id": make.number(1, orders - 8),
            "product_id": make.number(1, 28),
            "quantity": make.number(1, 4),
            "unit_price": make.amount(),
            "discount": make.amount(),
            "tax": make.amount(),
            "total": make.amount(),
        }
        for place in range(1, 131)
    ]


def _pricing(make: _Maker) -> list[Row]:
    keys = {(make.number(1, 28), make.maybe(lambda: make.number(1, 4)), make.moment()) for _ in range(60)}
    return [
        {
            "id": place,
            "product_id": product,
            "customer_tier_id": tier,
            "price": make.amount(),
            "effective_from": start,
            "effective_to": make.maybe(make.moment),
            "created_at": make.moment(),
        }
        for place, (product, tier, start) in enumerate(sorted(keys, key=lambda key: (key[0], key[1] or 0, key[2])), 1)
    ]


def _purchase_orders(make: _Maker, suppliers: int) -> list[Row]:
    return [
        {
            "id": place,
            "supplier_id": make.number(1, suppliers - 1),
            "product_id": make.number(1, 28),
            "warehouse_id": make.number(1, 3),
            "quantity_ordered": make.number(1, 5),
            "quantity_received": make.number(0, 5),
            "unit_cost": make.amount(),
            "status": make.pick(("ordered", "received", "cancelled")),
            "ordered_at": make.moment(),
            "expected_at": make.maybe(make.moment),
            "received_at": make.maybe(make.moment),
            "created_at": make.moment(),
        }
        for place in range(1, 36)
    ]


def _interactions(make: _Maker, customers: int, orders: int) -> list[Row]:
    return [
        {
            "id": place,
            "customer_id": 10 + place % (customers - 1),
            "order_id": make.maybe(lambda: make.number(1, orders)),
            "interaction_date": make.moment(),
            "channel": make.pick(("whatsapp", "email", "phone", "web")),
            "type": make.pick(("inquiry", "complaint", "order", "support")),
            "subject": make.maybe(lambda: make.pick(("Atraso", "atraso", "100% errado"))),
            "message": make.maybe(lambda: "Onde está o pedido? 💊"),
            "resolved": make.flag(),
            "resolution_time_minutes": make.maybe(lambda: make.number(0, 3) * 15),
            "agent_type": make.maybe(lambda: make.pick(("human", "ai"))),
            "created_at": make.moment(),
        }
        for place in range(1, 46)
    ]


def _audit(make: _Maker) -> list[Row]:
    return [
        {
            "id": place,
            "at": make.moment(),
            "subject": make.pick(("somebody", "Zé", 'a "b" \\ c')),
            "actor": make.maybe(lambda: "an agent"),
            "roles": make.pick(("sales", "admin analyst")),
            "address": make.maybe(lambda: make.pick(("192.0.2.1", "2001:db8::1"))),
            "request": f"request-{place}",
            "operation": make.maybe(lambda: make.pick(("Feed", "Point"))),
            "document": make.maybe(lambda: "0" * 64),
            "coordinates": make.maybe(lambda: "Customer.email Query.customers"),
            "personal": make.maybe(lambda: "Customer.email"),
            "subjects": make.maybe(lambda: "Customer:14 Customer:140 "),
            "outcome": make.pick(("ANSWERED", "ANSWERED_IN_PART", "TOO_EXPENSIVE")),
        }
        for place in range(1, 26)
    ]


def _all() -> dict[str, list[Row]]:
    make = _Maker()
    customers, suppliers, categories = _customers(make), _suppliers(make), _categories()
    orders = _orders(make, len(customers))
    return {
        "customer_tiers": _tiers(),
        "customers": customers,
        "categories": categories,
        "suppliers": suppliers,
        "products": _products(make, len(categories), len(suppliers)),
        "warehouses": _warehouses(),
        "inventory": _inventory(make),
        "orders": orders,
        "order_items": _order_items(make, len(orders)),
        "pricing": _pricing(make),
        "purchase_orders": _purchase_orders(make, len(suppliers)),
        "customer_interactions": _interactions(make, len(customers), len(orders)),
        "audit_log": _audit(make),
    }


SAMPLE = _all()
"""Rows by table, in an order in which they can be inserted."""

DATA = Data(SAMPLE)


@contextmanager
def new_sample(stack: Stack, template: str) -> Iterator[str]:
    """Make a database with the sample from a migrated template, give its owner's URL and drop it at the end."""
    with new_database(stack.endpoints.owner_url, template) as url:
        insert(url, DATA)
        yield url
