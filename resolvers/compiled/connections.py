"""Connections of a statement: a page of rows, its cursors and its count, as one expression."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from resolvers.compiled.asked_page import AskedPage
from resolvers.compiled.json_text import (
    NULL,
    Piece,
    array_of,
    cursor_pieces,
    joined_text,
    object_pieces,
    truth_pieces,
    value_pieces,
)
from resolvers.compiled.levels import NUMBER, Level, numbered
from resolvers.compiled.marks import SEPARATOR, character
from resolvers.compiled.objects import ObjectCompiler
from resolvers.compiled.paging import Paging
from resolvers.compiled.parts import Cursor, Items, More, PageSize
from resolvers.compiled.selections import Selected, Selections
from resolvers.compiled.statement import Compiled
from resolvers.sql.scope import Predicate, Scope, Source
from resolvers.ways import NotCompiled, Reason
from schema.derive.objects import TYPE_NAME
from schema.model import Link, Model, ScalarField

_SEPARATOR = character(SEPARATOR)


@dataclass
class ConnectionCompiler:
    """Compiles pages of rows."""

    scope: Scope
    selections: Selections
    paging: Paging

    def __post_init__(self) -> None:
        self.objects = ObjectCompiler(self.scope, self.selections, self)
        self.filters = self.paging.filters(self.scope)

    def root(self, model: Model, selected: Selected) -> Compiled:
        """Return a page of all visible rows of an entity."""
        kind = _RootPage if self._tells_ends(selected) else _Connection
        return kind(self, model, f"Query.{model.plural}", selected).root()

    def _tells_ends(self, selected: Selected) -> bool:
        """Tell whether a root page says where it ends, but not how many rows there are.

        The count is told even where the page has no row to tell it.
        """
        wanted = {field.name for field in self.selections.below(selected)}
        return "pageInfo" in wanted and "totalCount" not in wanted

    def linked(
        self, model: Model, source: Source, link: Link, target: Model, selected: Selected
    ) -> sa.ColumnElement[Any]:
        """Return a page of the visible rows that a link leads to, as text."""
        return _Connection(self, target, f"{model.name}.{link.name}", selected, parent=source, link=link).text()


class _Connection(AskedPage):
    """A connection of which one expression tells everything."""

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

    def _source(self) -> Source:
        statement, name = self._rows(), f"page_{self._page.number}"
        return numbered(statement, name) if self._needs_more else statement.subquery(name)

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
                case name if name == TYPE_NAME:
                    yield field.key, [f'"{self._model.name}Connection"']
                case _:
                    raise NotCompiled(Reason.UNKNOWN_FIELD)

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
                    case name if name == TYPE_NAME:
                        yield part.key, [f'"{self._model.name}Edge"']
                    case _:
                        raise NotCompiled(Reason.UNKNOWN_FIELD)

        return object_pieces(members())

    def _cursor(self, level: Level) -> list[Piece]:
        return self._cursor_of(self._cursor_values(level))

    def _cursor_values(self, level: Level) -> list[tuple[ScalarField, sa.ColumnElement[Any]]]:
        steps = self._page.page.ordering.steps
        return [(step.field, level.source.c[step.field.column.key]) for step in steps]

    def _cursor_of(self, values: Sequence[tuple[ScalarField, sa.ColumnElement[Any]]]) -> list[Piece]:
        self._compiler.paging.tells_cursors = True
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
                    yield part.key, self._start_cursor(level)
                case "endCursor":
                    yield part.key, self._end_cursor(level)
                case name if name == TYPE_NAME:
                    yield part.key, ['"PageInfo"']
                case _:
                    raise NotCompiled(Reason.UNKNOWN_FIELD)

    @staticmethod
    def _flag(known: bool) -> list[Piece]:
        return ["true" if known else "false"]

    def _has_more(self) -> list[Piece]:
        return truth_pieces(sa.func.count() > self._page.size)

    def _start_cursor(self, level: Level) -> list[Piece]:
        return [self._end(level, self._place_of_start)]

    def _end_cursor(self, level: Level) -> list[Piece]:
        return [self._end(level, self._place_of_end)]

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
        cursor = joined_text(self._cursor_of(values))
        return sa.case((sa.func.count() == sa.literal_column("0"), NULL), else_=cursor)


class _RootPage(_Connection):
    """A root connection whose rows the gateway puts together, because it is told of its ends with each row.

    It sees whether there is one row more than the page has, and which is the last. To tell that takes the database a
    window and an array of all rows (`docs/performance.md`).
    """

    def root(self) -> Compiled:
        """Return the connection as a root field."""
        if not self._needs_rows:
            return super().root()
        self._told: list[Sequence[Piece]] = []
        self._values: int | None = None
        level = Level(self._rows().subquery(f"page_{self._page.number}"))
        pieces = object_pieces(self._members(level))
        order = self._page.page.direction.clauses(level.source)
        columns = [
            sa.func.string_agg(joined_text(text), aggregate_order_by(_SEPARATOR, *order))
            for text in self._told or [[""]]
        ]
        return Compiled(pieces, level.select_from, columns, PageSize(self._page.asked))

    @property
    def _backward(self) -> bool:
        return self._page.page.backward

    def _array(self, _level: Level, item: Sequence[Piece]) -> list[Piece]:
        return ["[", Items(self._column(item), self._backward), "]"]

    def _has_more(self) -> list[Piece]:
        return [More()]

    def _start_cursor(self, level: Level) -> list[Piece]:
        return [Cursor(self._column_of_values(level), self._page.number, is_last=self._backward)]

    def _end_cursor(self, level: Level) -> list[Piece]:
        return [Cursor(self._column_of_values(level), self._page.number, is_last=not self._backward)]

    def _column_of_values(self, level: Level) -> int:
        if self._values is None:
            self._values = self._column(value_pieces(self._cursor_values(level)))
        return self._values

    def _column(self, text: Sequence[Piece]) -> int:
        self._told.append(text)
        return len(self._told) - 1
