"""Connections of the reference path: pages of rows with their cursors, and counts that are made when asked for."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa

from resolvers.pages import Page, page_of
from resolvers.reference.loaders import CountByParentLoader, PageByParentLoader
from resolvers.reference.operation import Running, fingerprint
from resolvers.reference.rows import Row, row_of, selected, value_of_link
from resolvers.sql.binding import bound_now
from resolvers.sql.scope import all_hold
from schema.model import Link, Model


async def root_connection(running: Running, model: Model, coordinate: str, arguments: Mapping[str, Any]) -> Row:
    """Return a page of all visible rows of an entity."""
    page = page_of(model, coordinate, arguments, running.limits, running.cursors)
    source = model.table
    matching = all_hold(
        running.scope.visible(model, source), running.filters.predicate(model, source, arguments.get("where") or {})
    )
    statement = (
        sa.select(*selected(model, source))
        .where(matching, page.between(source, bound_now))
        .order_by(*page.direction.clauses(source))
        .limit(page.size + 1)
    )

    async def count() -> int:
        counted = sa.select(sa.func.count().label("count")).select_from(source).where(matching)
        [record] = await running.snapshot.fetch(counted)
        number: int = record["count"]
        return number

    rows = [row_of(model, record) for record in await running.snapshot.fetch(statement)]
    running.note(model, rows)
    return _connection(running, page, rows, count)


async def linked_connection(
    running: Running, model: Model, link: Link, coordinate: str, source: Row, arguments: Mapping[str, Any]
) -> Row:
    """Return a page of the visible rows that a link leads to, together with those of all rows of the level."""
    target = running.scope.seen.target(link)
    page = page_of(target, coordinate, arguments, running.limits, running.cursors)
    where = arguments.get("where")
    same = (coordinate, fingerprint(arguments))
    key = value_of_link(model, link.local, source)

    def count() -> Awaitable[int]:
        return running.load(("count", *same), lambda: CountByParentLoader(running, target, link, where), key)

    rows = await running.load(("page", *same), lambda: PageByParentLoader(running, target, link, page, where), key)
    return _connection(running, page, rows, count)


def _connection(running: Running, page: Page, found: list[Row], count: Callable[[], Awaitable[int]]) -> Row:
    """Return a connection of the rows found, of which one more than the page's size tells that others follow."""
    rows, has_more = found[: page.size], len(found) > page.size
    if page.backward:
        rows.reverse()

    def cursor(row: Row) -> str:
        return running.cursors.seal(page.belongs_to, [row[step.field.name] for step in page.ordering.steps])

    info = {
        "has_next_page": page.before is not None if page.backward else has_more,
        "has_previous_page": has_more if page.backward else page.after is not None,
        "start_cursor": cursor(rows[0]) if rows else None,
        "end_cursor": cursor(rows[-1]) if rows else None,
    }
    return {
        "edges": lambda: [{"cursor": cursor(row), "node": row} for row in rows],
        "nodes": rows,
        "pageInfo": info,
        "totalCount": count,
    }
