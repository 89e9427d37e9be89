"""How random rows come about: how many there are, which values they have, and how often none."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from schema.model import Kind
from tests.sample import MOMENTS, NAMES

Values = Sequence[Any]

_SIZES = {
    "customer_tiers": 4,
    "customers": 9,
    "categories": 5,
    "suppliers": 5,
    "products": 8,
    "warehouses": 4,
    "inventory": 12,
    "orders": 16,
    "order_items": 24,
    "pricing": 14,
    "purchase_orders": 12,
    "customer_interactions": 14,
    "audit_log": 8,
}
_START = dt.datetime(2025, 1, 1, 2, 59, 59, tzinfo=dt.UTC)
_VALUES: Mapping[Kind, Values] = {
    Kind.STRING: ("Ágil", "ágil", "AGIL 5%", "a_b", "São João", "", "Zé \\ 'x'", "Norte"),
    Kind.DECIMAL: tuple(map(Decimal, ("0.00", "10.00", "10.01", "99.90", "1234.56", "-5.50"))),
    Kind.DATETIME: tuple(
        _START + dt.timedelta(hours=hours, microseconds=hours % 3) for hours in (0, 1, 30, 800, 801, 9000)
    ),
    Kind.INTEGER: (0, 1, 2, 10, 2_000_000_000),
    Kind.BOOLEAN: (False, True),
    Kind.JSON: ({"email": "vendas@lab.example"}, [], "text", 0),
}
_TEXTS: Mapping[str, Values] = {
    "email": ("compras@a.example", "contato@b.example", "é@c.example", "x@y@z", "no address", ""),
    "phone": ("+55 11 5555-0100", "5555-0199", "190", ""),
}

_ODD: Mapping[Kind, Values] = {
    # Controls, one of which parts texts within the gateway; escapes that are none; letters of several characters.
    Kind.STRING: (*NAMES, "\x01\x03\x1e\x7f", '\\u0041\\n"', "\u2028\n\t", "e\u0301 \u00e9", "x" * 3_000, "null"),
    Kind.DECIMAL: (Decimal("999999999999.99"), Decimal("-999999999999.99"), Decimal("0.01"), Decimal("-0.01")),
    Kind.DATETIME: MOMENTS,
    Kind.INTEGER: (2**31 - 1, -(2**31), -1),
    Kind.BOOLEAN: (),
    Kind.JSON: (False, "", {"": [{}]}, {"b": 1.5, "a": "\x1e", "aa": None}, [[1, -2], "é💊"], 2**53 + 1, -0.0),
}
_KEYS = (*range(1, 60), 2**31, 2**53 + 1, 2**63 - 1)


@dataclass(frozen=True)
class Manner:
    """How many rows a table has, the share of values that are absent where they may be, the others by kind or column.

    Links lead to the first `parents` rows of a table.
    """

    sizes: Mapping[str, int]
    nulls: float
    keys: Sequence[int]
    parents: int
    values: Mapping[Kind, Values]
    texts: Mapping[str, Values]


USUAL = Manner(_SIZES, nulls=0.2, keys=range(1, 60), parents=60, values=_VALUES, texts=_TEXTS)
"""Something of everything in every table."""


def odd_manner(chance: random.Random) -> Manner:
    """Return a manner of which rows are few or alike, values extreme or absent, tables empty, links gathered."""
    variety = chance.choice((1, 2, 5, 50))

    def some(usual: Values, odd: Values) -> Values:
        every = [*usual, *odd]
        return chance.sample(every, min(variety, len(every)))

    return Manner(
        {table: _size(chance, table, size) for table, size in _SIZES.items()},
        nulls=chance.choice((0.0, 0.2, 0.2, 0.6, 1.0)),
        keys=_KEYS,
        parents=chance.choice((1, 3, 60)),
        values={kind: some(values, _ODD[kind]) for kind, values in _VALUES.items()},
        texts={name: some(values, _ODD[Kind.STRING]) for name, values in _TEXTS.items()},
    )


def _size(chance: random.Random, table: str, usual: int) -> int:
    size: int = chance.choice((0, 1, *(usual,) * 5, 2 * usual))
    # Tiers have a name of a list each.
    return min(size, usual) if table == "customer_tiers" else size
