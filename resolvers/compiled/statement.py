"""Statements that are kept: SQL text, where the values of its parameters come from, and what its texts are put into."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from resolvers.compiled.json_text import SEAL, Piece, merged
from resolvers.compiled.paging import Belonging, Condition, OpenedCursor, Paging
from resolvers.compiled.slots import Inputs, Supply
from resolvers.cursors import Cursors
from resolvers.database import Planning, Texts, Version, sql_of

_SEALED = re.compile(SEAL + rb"(\d+)\|(.*?)" + SEAL, re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """The statement of one root field. It gives one row of texts; no row, or a null text, where the field has none.

    `frame` is the field's JSON around the texts: a text stands between each two of its parts.
    """

    sql: str
    planning: Planning
    frame: tuple[bytes, ...]
    supplies: tuple[Supply, ...]
    belongings: tuple[Belonging, ...]
    opened: tuple[OpenedCursor, ...]
    conditions: tuple[Condition, ...]

    def arguments(self, inputs: Inputs) -> list[Any]:
        """Return the values of the parameters."""
        return [supply(inputs) for supply in self.supplies]

    def json(self, texts: Texts, cursors: Cursors, variables: Mapping[str, Any]) -> bytes | None:
        """Return the field's JSON; None where it has no value."""
        parts = [self.frame[0]]
        for text, behind in zip(texts, self.frame[1:], strict=True):
            if text is None:
                return None
            parts += text, behind
        body = b"".join(parts)
        return self._sealed(body, cursors, variables) if SEAL in body else body

    def _sealed(self, body: bytes, cursors: Cursors, variables: Mapping[str, Any]) -> bytes:
        """Return the field's JSON with its cursors sealed."""
        told: dict[bytes, bytes] = {}

        def seal(match: re.Match[bytes]) -> bytes:
            number, values = match.groups()
            if number not in told:
                told[number] = self.belongings[int(number)].told(variables)
            return b'"' + cursors.seal(told[number], orjson.loads(values)).encode() + b'"'

        return _SEALED.sub(seal, body)


@dataclass(frozen=True)
class Compiled:
    """A root field before it is a statement: the pieces of its JSON, each text a column, and where they come from."""

    pieces: Sequence[Piece]
    source: Callable[[sa.Select[Any]], sa.Select[Any]] = lambda columns: columns


def statement_of(compiled: Compiled, paging: Paging, planning: Planning, version: Version) -> Statement:
    """Return the statement that gives the texts of a root field."""
    frame, columns = _framed(merged(compiled.pieces))
    sql, names, constants = sql_of(compiled.source(sa.select(*columns)), version)
    supplies = paging.bind.supplies
    return Statement(
        sql=sql,
        planning=planning,
        frame=frame,
        supplies=tuple(supplies[name] if name in supplies else _always(constants[name]) for name in names),
        belongings=tuple(paging.belongings),
        opened=tuple(paging.opened),
        conditions=tuple(paging.conditions),
    )


def _framed(pieces: Sequence[Piece]) -> tuple[tuple[bytes, ...], list[sa.ColumnElement[Any]]]:
    frame = [""]
    columns: list[sa.ColumnElement[Any]] = []
    for piece in pieces:
        if isinstance(piece, str):
            frame[-1] += piece
        else:
            # As varchar, whose bytes the connection passes on without reading them.
            columns.append(sa.cast(piece, sa.VARCHAR))
            frame.append("")
    return tuple(part.encode() for part in frame), columns


def _always(value: Any) -> Callable[[Inputs], Any]:
    return lambda _: value
