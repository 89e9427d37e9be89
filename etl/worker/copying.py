"""Copies of tables: all of them as the slot's own snapshot sees them, or one again while the stream goes on."""

import os
from collections.abc import Mapping, Sequence
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
from etl.sources.publication import present_columns, source_columns
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
            rows = {
                table: self._copy(connection, shape, slot.position, CopyAgain(table, ""))
                for table, shape in shapes.items()
            }
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
            count = self._copy(connection, shape, slot.position, wanted)
        return Copied({shape.table: count}, slot.position)

    def _copy(self, connection: psycopg.Connection, shape: TableShape, position: int, wanted: CopyAgain) -> int:
        if not present_columns(connection, shape):
            return 0
        is_whole = wanted.low is None or wanted.high is None
        total, done = count_rows(connection, shape) if is_whole else 0, 0
        self._progress.copying(shape.table, done, max(total, 1))
        if is_whole:
            self._append(copy_begins(shape, position))
        parts = copy_table(connection, shape, position, low=wanted.low, high=wanted.high)
        for one in ahead(gathered(parts)):
            self._append(*one.changes, dead=one.dead)
            done += one.rows
            # The total is an estimate, and only the end is the end.
            self._progress.copying(shape.table, done, max(total, done + 1))
        if is_whole:
            told = CopiedColumns(shape.table, position, source_columns(connection, shape))
            self._append(copy_ends(shape, position), control=(told,))
        self._progress.copying(shape.table, done, done)
        return done

    def _append(self, *changes: Changes, dead: Sequence[DeadLetter] = (), control: Sequence[Control] = ()) -> None:
        """Append a part, which moves the position nowhere."""
        self._warehouse.append(Batch(NOTHING, changes, dead, control, is_partial=True))
