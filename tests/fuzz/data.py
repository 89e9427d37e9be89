"""Random rows of every table: few, so that rows of several owners meet in every answer."""

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.types.json import Jsonb

from schema.model import Kind, Link, Model, ScalarField
from tests.model.world import GRAPH
from tests.sample import insert_audit

Row = dict[str, Any]

REGIONS = ("Norte", "Sudeste", "Sul", 'a"b\\c', "{NULL}", "x,y")
"""Regions, some of them with the characters that an array's text gives a meaning."""

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
_WORDS = ("Ágil", "ágil", "AGIL 5%", "a_b", "São João", "", "Zé \\ 'x'", "Norte")
_START = dt.datetime(2025, 1, 1, 2, 59, 59, tzinfo=dt.UTC)
_MOMENTS = tuple(_START + dt.timedelta(hours=hours, microseconds=hours % 3) for hours in (0, 1, 30, 800, 801, 9000))
_AMOUNTS = tuple(Decimal(text) for text in ("0.00", "10.00", "10.01", "99.90", "1234.56", "-5.50"))
_JSON: tuple[Any, ...] = ({"email": "vendas@lab.example"}, [], "text", 0)
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "email": ("compras@a.example", "contato@b.example", "é@c.example", "x@y@z", "no address", ""),
    "phone": ("+55 11 5555-0100", "5555-0199", "190", ""),
}
_VALUES: Mapping[Kind, tuple[Any, ...]] = {
    Kind.STRING: _WORDS,
    Kind.DECIMAL: _AMOUNTS,
    Kind.DATETIME: _MOMENTS,
    Kind.INTEGER: (0, 1, 2, 10, 2_000_000_000),
    Kind.BOOLEAN: (False, True),
    Kind.JSON: _JSON,
}
_UNIQUE_PAIRS = {"inventory": ("product_id", "warehouse_id"), "pricing": ("product_id", "customer_tier_id")}


@dataclass(frozen=True)
class Data:
    """Rows by table, those of each in the order of their keys."""

    tables: Mapping[str, list[Row]]

    def row(self, table: str, key: int | None) -> Row | None:
        """Return the row with a key."""
        return None if key is None else self._by_key[table].get(key)

    def held(self, field: ScalarField) -> list[Any]:
        """Return the values that a field has in some row, whoever's it is."""
        return [value for row in self.tables[field.column.table.name] if (value := row[field.column.name]) is not None]

    @cached_property
    def _by_key(self) -> Mapping[str, Mapping[int, Row]]:
        return {table: {row["id"]: row for row in rows} for table, rows in self.tables.items()}


def random_data(seed: int) -> Data:
    """Return a data set, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  # no secret, and the same each time
    tables: dict[str, list[Row]] = {}
    for model in GRAPH:
        name = model.table.name
        links = {link.local.name: link for link in model.to_one}
        rows: list[Row] = []
        keys = sorted(chance.sample(range(1, 60), _SIZES[name]))
        tables[name] = rows
        for key in keys:
            row = {column.name: _cell(chance, model, column, key, tables, links) for column in _columns(model)}
            if not any(_same(name, row, other) for other in rows):
                rows.append(row)
    return Data(tables)


def insert(owner_url: str, data: Data) -> None:
    """Write the rows into a migrated database."""
    with psycopg.connect(owner_url) as connection:
        for table, rows in data.tables.items():
            if table == "audit_log":
                insert_audit(connection, rows)
                continue
            columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
            statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
            with connection.cursor().copy(statement) as copy:
                for row in rows:
                    copy.write_row([Jsonb(v) if n == "contact_info" and v is not None else v for n, v in row.items()])


def _columns(model: Model) -> Iterator[sa.Column[Any]]:
    return (column for column in model.table.columns if "policy" not in column.info)


def _same(table: str, row: Row, other: Row) -> bool:
    columns = _UNIQUE_PAIRS.get(table, ("id",))
    return all(row[column] == other[column] for column in columns)


def _cell(
    chance: random.Random,
    model: Model,
    column: sa.Column[Any],
    key: int,
    tables: Mapping[str, list[Row]],
    links: Mapping[str, Link],
) -> Any:
    if column.primary_key:
        return key
    if column.nullable and chance.random() < 0.2:
        return None
    if column.name in links:
        others = tables[GRAPH[links[column.name].target].table.name]
        return chance.choice(others)["id"] if others else None
    return _value(chance, model, column, len(tables[model.table.name]), key)


def _value(chance: random.Random, model: Model, column: sa.Column[Any], place: int, key: int) -> Any:
    kind = next(field.kind for field in model.fields.values() if field.column is column)
    if kind is Kind.WORD:
        words = [word.value for word in column.info["words"]]
        return words[place] if column.unique else chance.choice(words)
    if column.unique:
        return f"{column.name}-{key}"
    is_region = column.name == "region" and not column.nullable
    return chance.choice(REGIONS if is_region else _TEXTS.get(column.name, _VALUES[kind]))
