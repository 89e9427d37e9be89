"""Rows of one table as they arrived, collected as bytes and turned into typed changes together."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.changes import META, Changes, DeadLetter, TableShape
from etl.sources.postgres_wal.cells import Cells, Flags, joined, replicated_cells
from etl.sources.postgres_wal.messages import Relation
from etl.sources.postgres_wal.values import Column, column_of


@dataclass
class Rows:
    """Rows that came with the same columns; each list has an entry a row."""

    relation: Relation
    shape: TableShape
    pieces: list[bytes | bytearray | memoryview] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    operations: list[int] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    old_keys: dict[int, int] = field(default_factory=dict)

    def typed(self) -> tuple[Changes | None, list[DeadLetter]]:
        """Return the changes, None if every row has an unfit value, and what is unfit."""
        buffer, at = joined(self.pieces, self.offsets)
        cells = replicated_cells(buffer, at, len(self.relation.columns))
        columns, unsent = self._columns(cells)
        unfit = np.logical_or.reduce([column.unfit for column in columns.values()])
        records = self._records(columns, unsent)
        dead = self._dead(records, columns, unfit) if unfit.any() else []
        if dead:
            records = records.filter(pa.array(~unfit))
        return (Changes(self.shape.table, records) if records.num_rows else None), dead

    def _columns(self, cells: list[Cells]) -> tuple[dict[str, Column], NDArray[np.int64]]:
        """Return the declared columns, and the mask of those whose values did not come with a row."""
        sent = {column.name: (column, cell) for column, cell in zip(self.relation.columns, cells, strict=True)}
        count = len(self.pieces)
        unsent = np.zeros(count, dtype=np.int64)
        columns = {}
        for bit, shape in enumerate(self.shape.columns):
            found = sent.get(shape.name)
            if found is None:
                # The source has no such column now: what was known of it stays.
                unsent |= np.int64(1 << bit)
                columns[shape.name] = Column(pa.nulls(count, shape.type), np.zeros(count, dtype=np.bool_), "")
                continue
            column, cell = found
            unsent |= np.where(cell.unchanged, np.int64(1 << bit), np.int64(0))
            columns[shape.name] = column_of(cell, column.oid, shape.type)
        return columns, unsent

    def _records(self, columns: dict[str, Column], unsent: NDArray[np.int64]) -> pa.RecordBatch:
        count = len(self.pieces)
        old = pa.nulls(count, pa.int64())
        if self.old_keys:
            old = pa.array([self.old_keys.get(row) for row in range(count)], pa.int64())
        meta = [
            pa.array(np.asarray(self.operations, dtype=np.int8)),
            pa.array(np.asarray(self.commits, dtype=np.int64)),
            pa.array(np.asarray(self.places, dtype=np.int64)),
            pa.array(np.asarray(self.times, dtype=np.int64)).cast(META.field("_committed_at").type),
            columns[self.shape.key].values,
            old,
            pa.array(unsent),
        ]
        own = [columns[name].values for name in self.shape.names]
        return pa.RecordBatch.from_arrays([*meta, *own], schema=self.shape.records)

    def _dead(self, records: pa.RecordBatch, columns: dict[str, Column], unfit: Flags) -> list[DeadLetter]:
        letters = []
        for row in np.flatnonzero(unfit).tolist():
            name, column = next((name, column) for name, column in columns.items() if column.unfit[row])
            letters.append(
                DeadLetter(
                    table=self.shape.table,
                    commit_lsn=self.commits[row],
                    seq=self.places[row],
                    key=records.column("_key")[row].as_py(),
                    column=name,
                    reason=column.reason,
                    raw=bytes(self.pieces[row][self.offsets[row] :]),
                )
            )
        return letters
