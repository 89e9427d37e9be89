"""Copies of tables: all of them as the slot's own snapshot sees them, or one again while the stream goes on."""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg

from etl.changes import (
    Batch,
    Changes,
    Control,
    CopiedColumns,
    CopyAgain,
    DeadLetter,
    TableShape,
    copy_begins,
    copy_ends,
)
from etl.sources.ahead import ahead
from etl.sources.gathering import gathered
from etl.sources.postgres_wal.slot import NewSlot
from etl.sources.postgres_wal.snapshot import copy_table, count_rows
from etl.sources.publication import present_columns, source_columns, unidentified
from etl.warehouses.interface import Warehouse
from etl.worker.progress import Progress
from etl.worker.source import Source

NOTHING: Final = 0
"""The position of a warehouse whose first copy has begun and not ended."""


@dataclass(frozen=True)
class Copied:
    """What a copy brought: rows by table, and the position as of which it is."""

    rows: Mapping[str, int]
    position: int


@dataclass(frozen=True)
class _Piece:
    """What is appended at once of a table that has about so many rows in `total`."""

    table: str
    total: int
    changes: Sequence[Changes] = ()
    dead: Sequence[DeadLetter] = ()
    control: Sequence[Control] = ()
    rows: int = 0
    is_last: bool = False


class Copier:
    """Copies tables as one snapshot sees them."""

    def __init__(self, source: Source, warehouse: Warehouse, progress: Progress) -> None:
        self._source = source
        self._warehouse = warehouse
        self._progress = progress

    def copy_all(self, slot: NewSlot, shapes: Mapping[str, TableShape]) -> Copied:
        """Copy every table as of the slot's position, from which the stream goes on.

        What the warehouse has of a table stays readable until the copy is whole, and goes then. A copy that is cut off
        leaves the warehouse's position behind the slot's, from where streaming is refused: it begins anew.
        """
        with self._source.connect() as connection:
            slot.adopt(connection)
            wanted = [(shape, CopyAgain(table, "")) for table, shape in shapes.items()]
            rows = self._copy(_all_pieces(connection, slot.position, wanted))
        self._warehouse.append(Batch(slot.position))
        return Copied(rows, slot.position)

    def copy_again(self, shape: TableShape, wanted: CopyAgain) -> Copied:
        """Copy a table or a part of it while the stream goes on, wherever that stands.

        A slot that lives as long as the copy gives the snapshot and its place in the log: the warehouse lets a copied
        row give way to every newer change. Rows that the source no longer has go only with a copy of the whole table.
        """
        name = f"{self._source.slot[:50]}_{os.urandom(4).hex()}"
        with (
            NewSlot(self._source.url, name, is_temporary=True) as slot,
            self._source.connect() as connection,
        ):
            slot.adopt(connection)
            rows = self._copy(_all_pieces(connection, slot.position, [(shape, wanted)]))
        return Copied(rows, slot.position)

    def _copy(self, pieces: Generator[_Piece, None, None]) -> dict[str, int]:
        """Append pieces, while the next ones are made; return how many rows each table has."""
        done: dict[str, int] = {}
        # Two: what ends a table is small, and the next table's first rows are to be made meanwhile.
        for piece in ahead(pieces, 2):
            if piece.table not in done:
                self._progress.copying(piece.table, 0, max(piece.total, 1))
            if piece.changes or piece.dead:
                self._warehouse.append(Batch(NOTHING, piece.changes, piece.dead, piece.control, is_partial=True))
            count = done[piece.table] = done.get(piece.table, 0) + piece.rows
            # The total is an estimate, and only the end is the end.
            self._progress.copying(piece.table, count, count if piece.is_last else max(piece.total, count + 1))
        return done


def _all_pieces(
    connection: psycopg.Connection, position: int, tables: Iterable[tuple[TableShape, CopyAgain]]
) -> Generator[_Piece, None, None]:
    """Give what is appended of tables, one after the other."""
    for shape, wanted in tables:
        if present_columns(connection, shape):
            yield from _pieces(connection, position, shape, wanted)
        else:
            yield _Piece(shape.table, 0, is_last=True)


def _pieces(
    connection: psycopg.Connection, position: int, shape: TableShape, wanted: CopyAgain
) -> Generator[_Piece, None, None]:
    """Give what is appended of a table; around the rows of a whole one are marks, the first with the first rows."""
    is_whole = wanted.low is None or wanted.high is None
    total = count_rows(connection, shape) if is_whole else 0
    before = [copy_begins(shape, position)] if is_whole else []
    for one in gathered(copy_table(connection, shape, position, low=wanted.low, high=wanted.high), total):
        changes = [one.changes] if one.changes else []
        yield _Piece(shape.table, total, [*before, *changes], one.dead, rows=one.rows)
        before = []
    if is_whole:
        # Deletions are missed from here on, until the identity is mended: no copy counts as whole before.
        is_identified = not unidentified(connection, [shape.table])
        told = CopiedColumns(shape.table, position, source_columns(connection, shape) if is_identified else ())
        yield _Piece(shape.table, total, [*before, copy_ends(shape, position)], control=[told], is_last=True)
    else:
        yield _Piece(shape.table, total, is_last=True)
