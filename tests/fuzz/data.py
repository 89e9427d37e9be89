"""Random rows of every table: few, so that rows of several owners meet in every answer."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from schema.model import Kind, Link, Model, ScalarField
from tests.fuzz.manners import USUAL, Manner, odd_manner
from tests.model.world import GRAPH
from tests.rows import Data, Row

REGIONS = ("Norte", "Sudeste", "Sul", 'a"b\\c', "{NULL}", "x,y")
"""Regions, some of them with the characters that an array's text gives a meaning."""

_UNIQUE_PAIRS = {"inventory": ("product_id", "warehouse_id"), "pricing": ("product_id", "customer_tier_id")}


def random_data(seed: int) -> Data:
    """Return a data set, the same for the same seed."""
    chance = random.Random(seed)
    return _Maker(chance, USUAL).data()


def odd_data(seed: int) -> Data:
    """Return a data set with more of what is rare, each in another manner; the same for the same seed."""
    chance = random.Random(seed)
    return _Maker(chance, odd_manner(chance)).data()


@cache
def _cells(name: str) -> list[tuple[sa.Column[Any], Link | ScalarField]]:
    """Return the columns of an entity, each with what it is for."""
    model = GRAPH[name]
    uses: dict[str, Link | ScalarField] = {field.column.name: field for field in model.fields.values()}
    uses |= {link.local.name: link for link in model.to_one}
    return [(column, uses[column.name]) for column in _columns(model)]


def _columns(model: Model) -> Iterator[sa.Column[Any]]:
    return (column for column in model.table.columns if "policy" not in column.info)


@dataclass
class _Maker:
    """Makes a data set in a manner."""

    chance: random.Random
    manner: Manner
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def data(self) -> Data:
        for model in GRAPH:
            # A row may be linked to one before it.
            rows: list[Row] = []
            self.tables[model.table.name] = rows
            if self._may_have_rows(model):
                self._fill(model, rows)
        return Data(self.tables)

    def _may_have_rows(self, model: Model) -> bool:
        return all(link.local.nullable or self._linked(link) for link in model.to_one)

    def _linked(self, link: Link) -> list[Row]:
        """Return the rows that a link may lead to."""
        return self.tables[GRAPH[link.target].table.name][: self.manner.parents]

    def _fill(self, model: Model, rows: list[Row]) -> None:
        name = model.table.name
        for key in sorted(self.chance.sample(self.manner.keys, self.manner.sizes[name])):
            row = {column.name: self._value(column, use, len(rows), key) for column, use in _cells(model.name)}
            if not any(_same(name, row, other) for other in rows):
                rows.append(row)

    def _value(self, column: sa.Column[Any], use: Link | ScalarField, place: int, key: int) -> Any:
        if column.primary_key:
            return key
        if column.nullable and self.chance.random() < self.manner.nulls:
            return None
        if isinstance(use, Link):
            others = self._linked(use)
            return self.chance.choice(others)["id"] if others else None
        return self._of_field(use, place, key)

    def _of_field(self, field: ScalarField, place: int, key: int) -> Any:
        column = field.column
        if field.kind is Kind.WORD:
            words = [word.value for word in column.info["words"]]
            return words[place] if column.unique else self.chance.choice(words)
        if column.unique:
            return f"{column.name}-{key}"
        is_region = column.name == "region" and not column.nullable
        texts = self.manner.texts.get(column.name)
        return self.chance.choice(REGIONS if is_region else texts or self.manner.values[field.kind])


def _same(table: str, row: Row, other: Row) -> bool:
    columns = _UNIQUE_PAIRS.get(table, ("id",))
    return all(row[column] == other[column] for column in columns)
