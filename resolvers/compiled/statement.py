"""Statements that are kept: SQL text, where the values of its parameters come from, and what its rows are put into."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from resolvers.compiled.json_text import Piece, merged
from resolvers.compiled.paging import AskedSize, Belonging, Condition, OpenedCursor, Paging
from resolvers.compiled.parts import Chunks, PageSize, Part, Text
from resolvers.compiled.reply import Reply
from resolvers.compiled.slots import Inputs, Supply
from resolvers.cursors import Cursors
from resolvers.database import Planning, Texts, Version, sql_of

_BESIDE_TEXT = 1_000
"""Characters that stand for what a statement has whatever its text."""

_VALUE = 5
"""Characters that stand for a number, or for a text without its own."""


@dataclass(frozen=True)
class Statement:
    """The statement of one root field. It gives a row of texts; with `paged` a text for each column of a page.

    `size` is how much is kept with it, in characters: its parameters and columns are as many as its text is long.
    `parts` are the field's JSON; the field has none where one of them has none. With `tells_cursors` some stand in the
    texts, to be sealed there.
    """

    sql: str
    planning: Planning
    size: int
    parts: tuple[bytes | Part, ...]
    paged: PageSize | None
    supplies: tuple[Supply, ...]
    belongings: tuple[Belonging, ...]
    opened: tuple[OpenedCursor, ...]
    sizes: tuple[AskedSize, ...]
    conditions: tuple[Condition, ...]
    tells_cursors: bool

    def arguments(self, inputs: Inputs) -> list[Any]:
        """Return the values of the parameters."""
        return [supply(inputs) for supply in self.supplies]

    def json(self, rows: Sequence[Texts], cursors: Cursors, inputs: Inputs) -> Chunks | None:
        """Return the field's JSON; None where it has no value."""
        if not rows:
            return None
        reply = Reply(rows[0], cursors, self.belongings, inputs.supplied.variables)
        if self.paged is not None:
            self.paged.cut(reply, inputs)
        told: list[bytes] = []
        for part in self.parts:
            text = part if isinstance(part, bytes) else part.of(reply)
            if text is None:
                return None
            told.append(text)
        return [reply.all_sealed(text) for text in told] if self.tells_cursors else told


@dataclass(frozen=True)
class Compiled:
    """A root field before it is a statement: its JSON, in which each expression is a column, and the rows' source.

    With `paged` the first columns are `page`: of each what is told of a row, for all rows in one text.
    """

    pieces: Sequence[Piece]
    source: Callable[[sa.Select[Any]], sa.Select[Any]] = lambda columns: columns
    page: Sequence[sa.ColumnElement[Any]] = ()
    paged: PageSize | None = None


def statement_of(compiled: Compiled, paging: Paging, planning: Planning, version: Version) -> Statement:
    """Return the statement that gives the texts of a root field."""
    columns = list(compiled.page)
    parts = tuple(_part(piece, columns) for piece in merged(compiled.pieces))
    # As varchar, whose bytes the connection passes on without reading them.
    told: list[sa.ColumnElement[Any]] = [sa.cast(column, sa.VARCHAR) for column in columns or [sa.null()]]
    sql, names, constants = sql_of(compiled.source(sa.select(*told)), version)
    supplies = paging.bind.supplies
    literals = [constants[name] for name in names if name not in supplies]
    return Statement(
        sql=sql,
        planning=planning,
        size=_BESIDE_TEXT + len(sql) + _characters(literals),
        parts=parts,
        paged=compiled.paged,
        supplies=tuple(supplies[name] if name in supplies else _always(constants[name]) for name in names),
        belongings=tuple(paging.belongings),
        opened=tuple(paging.opened),
        sizes=tuple(paging.sizes),
        conditions=tuple(paging.conditions),
        tells_cursors=paging.tells_cursors,
    )


def _part(piece: Piece, columns: list[sa.ColumnElement[Any]]) -> bytes | Part:
    """Return a part of the JSON, after its column was added where it has one of its own."""
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, Part):
        return piece
    columns.append(piece)
    return Text(len(columns) - 1)


def _characters(value: Any) -> int:
    """Return how many characters of text take as much memory as a value of the document does."""
    if isinstance(value, list):
        return sum(map(_characters, value))
    return _VALUE + len(value) if isinstance(value, str) else _VALUE


def _always(value: Any) -> Callable[[Inputs], Any]:
    return lambda _: value
