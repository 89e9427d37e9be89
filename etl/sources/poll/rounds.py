"""One round: all tables as one moment of the source shows them, and what in them is other than it was delivered."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from etl.changes import Batch, Changes, CopiedColumns, DeadLetter, Operation, TableShape, copy_begins, copy_ends
from etl.sources.gathering import gathered
from etl.sources.poll.delivered import Delivered
from etl.sources.poll.schedule import Work
from etl.sources.postgres_wal.snapshot import Part, copy_table
from etl.sources.publication import source_columns

_STAMPS: Final = ("updated_at", "last_updated")
_KEYS: Final = 5_000


def stamp_of(shape: TableShape) -> str | None:
    """Return the column in which a table says when a row was changed, None if it has none."""
    return next((name for name in _STAMPS if name in shape.names), None)


@dataclass
class Round:
    """Reads in one transaction of the source; everything found counts as committed at `moment`.

    `since` is the time from which changed rows are looked for; `before` the position that was reached before.
    """

    connection: psycopg.Connection
    delivered: Delivered
    letters: dict[tuple[str, int | None], bytes]
    moment: int
    before: int
    since: dt.datetime | None
    _places: int = field(default=0, init=False)

    def copy(self, shape: TableShape) -> Iterator[Batch]:
        """Give all rows of a table, between the marks of a copy."""
        yield self._batch(copy_begins(shape, self.moment))
        for one in gathered(copy_table(self.connection, shape, self.moment)):
            if one.changes:
                self.delivered.difference(shape, stamp_of(shape), one.changes.records)
            yield self._batch(one.changes, self._unheard(one.dead))
        told = CopiedColumns(shape.table, self.moment, source_columns(self.connection, shape))
        yield replace(self._batch(copy_ends(shape, self.moment)), control=(told,))

    def changes(self, shape: TableShape, work: Work) -> Iterator[Batch]:
        """Give what has changed in a table that was copied before."""
        stamp = stamp_of(shape)
        if stamp is not None and self.since is not None:
            yield from self._changed(shape, _since(stamp, self.since))
        if stamp is not None and work.compares_keys:
            yield from self._compared_keys(shape, stamp)
        if stamp is None and work.compares_tables:
            yield from self._compared(shape)

    def _changed(self, shape: TableShape, where: sql.Composable | None) -> Iterator[Batch]:
        for part in copy_table(self.connection, shape, self.moment, where=where):
            yield from self._other(shape, part)

    def _compared(self, shape: TableShape) -> Iterator[Batch]:
        """Read a whole table, and give what is other or gone."""
        keys = []
        for changes, dead in copy_table(self.connection, shape, self.moment):
            yield from self._other(shape, (changes, dead))
            keys += [changes.records.column("_key")] if changes else []
            keys += [pa.array([letter.key for letter in dead], pa.int64())]
        table = pa.table({shape.key: pa.chunked_array(keys, pa.int64())})
        yield from self._deleted(shape, self.delivered.compare_keys(shape, None, table).gone)

    def _compared_keys(self, shape: TableShape, stamp: str) -> Iterator[Batch]:
        """Read the keys and stamps of a table, and give what is gone, and what was changed and missed."""
        kept = tuple(column for column in shape.columns if column.name in (shape.key, stamp))
        narrow = replace(shape, columns=kept)
        parts = []
        for changes, dead in copy_table(self.connection, narrow, self.moment):
            # A row whose stamp is unfit is there all the same.
            parts.append(pa.RecordBatch.from_pylist([{shape.key: letter.key} for letter in dead], narrow.own))
            parts += [changes.records.select(narrow.names)] if changes else []
        table = pa.Table.from_batches(parts, narrow.own)
        found = self.delivered.compare_keys(shape, stamp, table)
        yield from self._deleted(shape, found.gone)
        for first in range(0, len(found.other), _KEYS):
            keys = sql.Literal(found.other[first : first + _KEYS])
            yield from self._changed(shape, sql.SQL("{} = any({})").format(sql.Identifier(shape.key), keys))

    def _other(self, shape: TableShape, part: Part) -> Iterator[Batch]:
        """Give those rows of a part that are new or other than they were delivered."""
        changes, dead = part
        found = self.delivered.difference(shape, stamp_of(shape), changes.records) if changes else None
        chosen = None
        if changes and found is not None and len(found.places):
            operations = np.where(found.is_new, Operation.INSERT, Operation.UPDATE).astype(np.int8)
            chosen = self._numbered(shape, changes.records.take(pa.array(found.places)), operations)
        unheard = self._unheard(dead)
        if chosen or unheard:
            yield self._batch(chosen, unheard)

    def _deleted(self, shape: TableShape, keys: Sequence[int]) -> Iterator[Batch]:
        if not keys:
            return
        now = dt.datetime.now(dt.UTC)
        row = {"_commit_lsn": self.moment, "_seq": 0, "_op": Operation.DELETE, "_unchanged": 0, "_committed_at": now}
        rows = [{**row, "_key": key, shape.key: key} for key in keys]
        records = pa.RecordBatch.from_pylist(rows, shape.records)
        yield self._batch(self._numbered(shape, records, np.full(len(keys), Operation.DELETE, dtype=np.int8)))

    def _numbered(self, shape: TableShape, records: pa.RecordBatch, operations: np.ndarray) -> Changes:
        """Say what happened to rows, and number them on within the round."""
        places = np.arange(self._places, self._places + records.num_rows)
        self._places += records.num_rows
        columns = {name: records.column(name) for name in records.schema.names}
        columns |= {"_op": pa.array(operations), "_seq": pa.array(places)}
        return Changes(shape.table, pa.RecordBatch.from_arrays(list(columns.values()), schema=records.schema))

    def _unheard(self, dead: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Return those letters that were not given yet; the same unfit row is read again and again."""
        found = [one for one in dead if self.letters.get((one.table, one.key)) != one.raw]
        self.letters |= {(one.table, one.key): one.raw for one in found}
        return found

    def _batch(self, changes: Changes | None, dead: Sequence[DeadLetter] = ()) -> Batch:
        return Batch(self.before, (changes,) if changes else (), dead, is_partial=True)


def _since(stamp: str, since: dt.datetime) -> sql.Composable:
    return sql.SQL("{} >= {}").format(sql.Identifier(stamp), sql.Literal(since))
