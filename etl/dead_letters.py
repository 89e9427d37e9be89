"""Dead letters tried again, after the shape or the reading of values was mended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from etl.changes import ARROW, META, Changes, DeadLetter, TableShape
from etl.sources.debezium.collecting import DEBEZIUM, DEBEZIUM_TEXT, read_again
from etl.sources.postgres_wal.rereading import COPIED, REPLICATED, read_copied, read_replicated
from etl.warehouses.interface import Warehouse

Reader = Callable[[DeadLetter, TableShape], Changes | None]
"""Reads a letter in the shape that its table has now; None where it still does not fit."""


@dataclass(frozen=True)
class Retried:
    """How many letters have found their place, or were overtaken by newer changes, and how many are left."""

    redeemed: int
    left: int


def retry(warehouse: Warehouse, shapes: Sequence[TableShape], table: str | None = None) -> Retried:
    """Try the dead letters again, of one table or of all, in the order in which they came.

    Runs beside streaming: each letter is a transaction of its own.
    """
    by_table = {shape.table: shape for shape in shapes}
    letters = [letter for letter in warehouse.letters(table) if letter.table in by_table]
    redeemed = sum(_redeem(warehouse, letter, by_table[letter.table]) for letter in letters)
    return Retried(redeemed, len(letters) - redeemed)


def _redeem(warehouse: Warehouse, letter: DeadLetter, shape: TableShape) -> bool:
    reader = READERS.get(letter.form)
    return warehouse.redeem(letter, reader(letter, shape) if reader else None)


def _read_arrow(letter: DeadLetter, shape: TableShape) -> Changes | None:
    """Bring a change that was typed already into today's shape; None where a value does not fit its type."""
    try:
        return _in_shape(letter, shape)
    except pa.ArrowException:
        return None


def _in_shape(letter: DeadLetter, shape: TableShape) -> Changes:
    """Return a change with the columns of a shape; those that it has not count as not sent."""
    with pa.ipc.open_stream(letter.raw) as stream:
        record = stream.read_all()
    had = record.column_names[len(META.names) :]
    bits = int(record.column("_unchanged")[0].as_py())
    unsent = {name for bit, name in enumerate(had) if bits >> bit & 1} | set(shape.names) - set(had)
    mask = np.int64(sum(1 << bit for bit, name in enumerate(shape.names) if name in unsent))
    columns = {name: record.column(name) for name in META.names} | {"_unchanged": pa.array([mask], pa.int64())}
    for column in shape.columns:
        kept = record.column(column.name) if column.name in had else pa.nulls(1, column.type)
        columns[column.name] = kept.cast(column.type)
    (batch,) = pa.table(columns, shape.records).to_batches()
    return Changes(letter.table, batch)


READERS: Final[Mapping[str, Reader]] = {
    REPLICATED: read_replicated,
    COPIED: read_copied,
    DEBEZIUM: read_again,
    DEBEZIUM_TEXT: read_again,
    ARROW: _read_arrow,
}
"""What reads a letter, by the form in which it came."""
