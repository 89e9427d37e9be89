"""Loaders: each gathers what the rows of a level ask for and answers with one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from aiodataloader import DataLoader
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.pages import Page
from resolvers.reference.operation import Running
from resolvers.reference.rows import Row, row_of, selected
from resolvers.sql.binding import bound_now
from schema.model import Link, Model

_ASKED = "asked_for"
"""Label of the key that a row was asked for by."""


class RowByKeyLoader(DataLoader[int, Row | None]):
    """Loads visible rows of an entity by their keys."""

    def __init__(self, running: Running, model: Model) -> None:
        super().__init__()
        self._running = running
        self._model = model

    async def batch_load_fn(self, keys: list[int]) -> list[Row | None]:
        """Return the row of each key, None where there is none that the principal sees."""
        table = self._model.table
        key = table.c[self._model.key.key]
        statement = sa.select(*selected(self._model, table)).where(
            key == sa.any_(bound_now(keys, ARRAY(key.type))), self._running.scope.visible(self._model, table)
        )
        records = await self._running.snapshot.fetch(statement)
        rows = {record["databaseId"]: row_of(self._model, record) for record in records}
        self._running.note(self._model, rows.values())
        return [rows.get(key) for key in keys]


class PageByParentLoader(DataLoader[int, list[Row]]):
    """Loads a page of linked rows for each of many parents, and one row more than the page has."""

    def __init__(self, running: Running, model: Model, link: Link, page: Page, where: Mapping[str, Any] | None) -> None:
        super().__init__()
        self._running = running
        self._model = model
        self._link = link
        self._page = page
        self._where = where

    async def batch_load_fn(self, keys: list[int]) -> list[list[Row]]:
        """Return the rows of each parent in the page's direction."""
        running, model, page = self._running, self._model, self._page
        parents = _parents(self._link, keys)
        rows = model.table.alias()
        some = (
            sa.select(*selected(model, rows))
            .where(
                rows.c[self._link.remote.key] == parents.c.key,
                running.scope.visible(model, rows),
                running.filters.predicate(model, rows, self._where or {}),
                page.between(rows, bound_now),
            )
            .order_by(*page.direction.clauses(rows))
            .limit(page.size + 1)
            .lateral()
        )
        place = sa.func.row_number().over(partition_by=parents.c.key, order_by=_same_order(page, some))
        statement = (
            sa.select(parents.c.key.label(_ASKED), *some.c)
            .select_from(parents.join(some, sa.true()))
            .order_by(parents.c.key, place)
        )
        found: dict[int, list[Row]] = defaultdict(list)
        for record in await running.snapshot.fetch(statement):
            row = row_of(model, record)
            found[row.pop(_ASKED)].append(row)
        for rows_of_parent in found.values():
            running.note(model, rows_of_parent)
        return [found[key] for key in keys]


class CountByParentLoader(DataLoader[int, int]):
    """Counts the visible linked rows of each of many parents."""

    def __init__(self, running: Running, model: Model, link: Link, where: Mapping[str, Any] | None) -> None:
        super().__init__()
        self._running = running
        self._model = model
        self._link = link
        self._where = where

    async def batch_load_fn(self, keys: list[int]) -> list[int]:
        """Return the number of rows of each parent."""
        running, model = self._running, self._model
        rows = model.table.alias()
        parent = rows.c[self._link.remote.key]
        statement = (
            sa.select(parent.label(_ASKED), sa.func.count().label("count"))
            .where(
                parent == sa.any_(bound_now(keys, ARRAY(parent.type))),
                running.scope.visible(model, rows),
                running.filters.predicate(model, rows, self._where or {}),
            )
            .group_by(parent)
        )
        counts = {record[_ASKED]: record["count"] for record in await running.snapshot.fetch(statement)}
        return [counts.get(key, 0) for key in keys]


def _parents(link: Link, keys: Sequence[int]) -> sa.TableValuedAlias:
    of_type = link.local.type
    return (
        sa.func.unnest(bound_now(list(keys), ARRAY(of_type))).table_valued(sa.column("key", of_type)).render_derived()
    )


def _same_order(page: Page, some: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the order of a lateral subquery's rows, whose columns bear the graph's names."""
    steps = page.direction.steps
    return [some.c[step.field.name].desc() if step.descending else some.c[step.field.name] for step in steps]
