"""The initial copy: all tables as one snapshot sees them, shown in the warehouse at once when all of them are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg

from etl.changes import Batch, TableShape, copy_begins
from etl.sources.postgres_wal.slot import NewSlot
from etl.sources.postgres_wal.snapshot import copy_table, count_rows
from etl.warehouses.interface import Warehouse
from etl.worker.progress import Progress

NOTHING: Final = 0
"""The position of a warehouse whose first copy has begun and not ended."""


@dataclass(frozen=True)
class Copied:
    """What a copy brought: rows by table, and the position from which the stream goes on."""

    rows: Mapping[str, int]
    position: int


def copy_all(
    url: str, slot: NewSlot, shapes: Mapping[str, TableShape], warehouse: Warehouse, progress: Progress
) -> Copied:
    """Copy every table as the slot's snapshot sees it.

    What the warehouse has of a table stays readable until the copy is whole, and goes then. A copy that is cut off
    leaves the warehouse's position behind the slot's, from where streaming is refused: it begins anew.
    """
    before = warehouse.position() or NOTHING
    with psycopg.connect(url, autocommit=True) as connection:
        slot.adopt(connection)
        rows = {
            table: _copy(connection, shape, slot.position, before, warehouse, progress)
            for table, shape in shapes.items()
        }
    warehouse.append(Batch(slot.position))
    return Copied(rows, slot.position)


def _copy(
    connection: psycopg.Connection,
    shape: TableShape,
    position: int,
    before: int,
    warehouse: Warehouse,
    progress: Progress,
) -> int:
    total, done = count_rows(connection, shape), 0
    progress.copying(shape.table, done, max(total, 1))
    warehouse.append(Batch(before, (copy_begins(shape, position),), is_partial=True))
    for changes, dead in copy_table(connection, shape, position):
        warehouse.append(Batch(before, (changes,) if changes else (), dead, is_partial=True))
        done += (changes.records.num_rows if changes else 0) + len(dead)
        # The total is an estimate, and only the end is the end.
        progress.copying(shape.table, done, max(total, done + 1))
    progress.copying(shape.table, done, done)
    return done
