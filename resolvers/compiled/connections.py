"""Connections of a statement: a page of rows, its cursors and its count, as one expression."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from resolvers.compiled.json_text import (
    NULL,
    Piece,
    array_of,
    cursor_pieces,
    joined_text,
    object_pieces,
    truth_pieces,
)
from resolvers.compiled.levels import NUMBER, Level, numbered
from resolvers.compiled.objects import ObjectCompiler
from resolvers.compiled.paging import CompiledPage, Paging
from resolvers.compiled.selections import Selected, Selections
from resolvers.compiled.statement import Compiled
from resolvers.sql.scope import Predicate, Scope, Source, all_hold, joined
from resolvers.sql.where import Filters
from schema.derive.objects import TYPE_NAME
from schema.model import Link, Model


@dataclass
class ConnectionCompiler:
    """Compiles pages of rows."""

    scope: Scope
    selections: Selections
    paging: Paging

    def __post_init__(self) -> None:
        self.objects = ObjectCompiler(self.scope, self.selections, self)
        self.filters = Filters(self.scope, self.paging.limits.max_page_size)

    def root(self, model: Model, selected: Selected) -> Compiled:
        """Return a page of all visible rows of an entity."""
        return _Connection(self, model, f"Query.{model.plural}", selected).root()

    def linked(
        self, model: Model, source: Source, link: Link, target: Model, selected: Selected
    ) -> sa.ColumnElement[Any]:
        """Return a page of the visible rows that a link leads to, as text."""
        return _Connection(self, target, f"{model.name}.{link.name}", selected, parent=source, link=link).text()


class _Connection:
    """One connection while it is compiled."""

    def __init__(
        self,
        compiler: ConnectionCompiler,
        model: Model,
        coordinate: str,
        selected: Selected,
        *,
        parent: Source | None = None,
        link: Link | None = None,
    ) -> None:
        self._compiler = compiler
        self._objects = compiler.objects
        self._selections = compiler.selections
        self._model = model
        self._parent = parent
        self._link = link
        self._arguments: Mapping[str, Any] = compiler.selections.arguments(selected)
        self._page: CompiledPage = compiler.paging.page(model, coordinate, self._arguments)
        self._wanted = compiler.selections.below(selected)

    def root(self) -> Compiled:
        """Return the connection as a root field."""
        level = Level(self._source())
        pieces = object_pieces(self._members(level))
        return Compiled(pieces, level.select_from) if self._needs_rows else Compiled(pieces)

    def text(self) -> sa.ColumnElement[Any]:
        """Return the connection as text."""
        level = Level(self._source())
        text = joined_text(object_pieces(self._members(level)))
        return level.select_from(sa.select(text)).scalar_subquery() if self._needs_rows else text

    # What is asked for.

    @property
    def _needs_rows(self) -> bool:
        return any(field.name in ("nodes", "edges") for field in self._wanted) or self._needs_more or self._needs_ends

    @property
    def _needs_more(self) -> bool:
        """Whether it is asked for whether more rows follow in the page's direction."""
        return self._asks_page_info("hasPreviousPage" if self._page.page.backward else "hasNextPage")

    @property
    def _needs_ends(self) -> bool:
        return self._asks_page_info("startCursor", "endCursor")

    def _asks_page_info(self, *names: str) -> bool:
        infos = (field for field in self._wanted if field.name == "pageInfo")
        return any(part.name in names for info in infos for part in self._selections.below(info))

    def _row_selections(self) -> Iterator[list[Selected]]:
        """Return what is selected of the rows, under `nodes` and under `edges`."""
        for field in self._wanted:
            if field.name == "nodes":
                yield self._selections.below(field)
            elif field.name == "edges":
                for part in self._selections.below(field):
                    if part.name == "node":
                        yield self._selections.below(part)

    # The rows.

    def _source(self) -> Source:
        rows = self._model.table.alias()
        page = self._page.page
        statement = (
            sa.select(*self._columns(rows))
            .where(all_hold(self._matching(rows), page.between(rows, self._compiler.paging.bind)))
            .order_by(*page.direction.clauses(rows))
        )
        statement = self._limited(self._correlated(statement))
        name = f"page_{self._page.number}"
        return numbered(statement, name) if self._needs_more else statement.subquery(name)

    def _limited(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return the statement of rows with the page's limit."""
        limit = self._page.one_more if self._needs_more else self._page.size
        if self._parent is not None:
            return statement.limit(limit)
        # PostgreSQL would take a limit that it doesn't know for a tenth of the table, and join accordingly.
        at_most = statement.limit(sa.literal_column(str(self._page.at_most))).subquery()
        return sa.select(*at_most.c).limit(limit)

    def _columns(self, rows: Source) -> Sequence[sa.ColumnElement[Any]]:
        columns = [
            column
            for selected in self._row_selections()
            for column in self._objects.columns(self._model, rows, selected)
        ]
        columns += [rows.c[step.field.column.key] for step in self._page.page.ordering.steps]
        return list(dict.fromkeys(columns))

    def _matching(self, rows: Source) -> Predicate:
        """Return the predicate of the rows on all pages."""
        scope, filters = self._compiler.scope, self._compiler.filters
        given = self._arguments.get("where") or {}
        parts = [scope.visible(self._model, rows), filters.predicate(self._model, rows, given)]
        if self._link is not None and self._parent is not None:
            parts.append(joined(self._link, self._parent, rows))
        return all_hold(*parts)

    def _correlated(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        return statement if self._parent is None else statement.correlate(self._parent)

    # The JSON.

    def _members(self, level: Level) -> Iterator[tuple[str, Sequence[Piece]]]:
        for field in self._wanted:
            match field.name:
                case "nodes":
                    yield field.key, self._array(level, self._node(level, field))
                case "edges":
                    yield field.key, self._array(level, self._edge(level, field))
                case "pageInfo":
                    yield field.key, object_pieces(self._page_info(level, field))
                case "totalCount":
                    yield field.key, [self._count()]
                case _:
                    yield field.key, [f'"{self._model.name}Connection"']

    def _array(self, level: Level, item: Sequence[Piece]) -> list[Piece]:
        order = self._page.page.ordering.clauses(level.source)
        return array_of(joined_text(item), order, where=self._on_page(level) if self._needs_more else None)

    def _on_page(self, level: Level) -> Predicate:
        on_page: Predicate = level.source.c[NUMBER] <= self._page.size
        return on_page

    def _node(self, level: Level, field: Selected) -> list[Piece]:
        return self._objects.object(level, self._model, level.source, self._selections.below(field))

    def _edge(self, level: Level, field: Selected) -> list[Piece]:
        def members() -> Iterator[tuple[str, Sequence[Piece]]]:
            for part in self._selections.below(field):
                match part.name:
                    case "cursor":
                        yield part.key, self._cursor(level)
                    case "node":
                        yield part.key, self._node(level, part)
                    case _:
                        yield part.key, [f'"{self._model.name}Edge"']

        return object_pieces(members())

    def _cursor(self, level: Level) -> list[Piece]:
        steps = self._page.page.ordering.steps
        values = [(step.field, level.source.c[step.field.column.key]) for step in steps]
        return cursor_pieces(self._page.number, values)

    def _page_info(self, level: Level, field: Selected) -> Iterator[tuple[str, Sequence[Piece]]]:
        page = self._page.page
        for part in self._selections.below(field):
            match part.name:
                case "hasNextPage":
                    yield part.key, self._flag(page.before is not None) if page.backward else self._has_more()
                case "hasPreviousPage":
                    yield part.key, self._has_more() if page.backward else self._flag(page.after is not None)
                case "startCursor":
                    yield part.key, [self._end(level, self._place_of_start)]
                case "endCursor":
                    yield part.key, [self._end(level, self._place_of_end)]
                case name if name == TYPE_NAME:
                    yield part.key, ['"PageInfo"']

    @staticmethod
    def _flag(known: bool) -> list[Piece]:
        return ["true" if known else "false"]

    def _has_more(self) -> list[Piece]:
        return truth_pieces(sa.func.count() > self._page.size)

    @property
    def _place_of_start(self) -> sa.ColumnElement[Any]:
        if not (self._needs_more and self._page.page.backward):
            return sa.literal_column("1")
        return sa.func.greatest(sa.func.count() - self._page.size, sa.literal_column("0")) + sa.literal_column("1")

    @property
    def _place_of_end(self) -> sa.ColumnElement[Any]:
        if not self._needs_more or self._page.page.backward:
            return sa.func.count()
        return sa.func.least(sa.func.count(), self._page.size)

    def _end(self, level: Level, place: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the cursor of the row that stands at a place among all, the one beyond the page included."""
        ordering = self._page.page.ordering
        order = ordering.clauses(level.source)

        def value(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
            all_ = sa.func.array_agg(aggregate_order_by(column, *order), type_=ARRAY(column.type))
            return sa.type_coerce(all_, ARRAY(column.type))[place]

        values = [(step.field, value(level.source.c[step.field.column.key])) for step in ordering.steps]
        cursor = joined_text(cursor_pieces(self._page.number, values))
        return sa.case((sa.func.count() == sa.literal_column("0"), NULL), else_=cursor)

    def _count(self) -> sa.ColumnElement[Any]:
        rows = self._model.table.alias()
        counted = sa.select(sa.func.count()).select_from(rows).where(self._matching(rows))
        return self._correlated(counted).scalar_subquery()
