"""Rows of one table as they arrived, collected as places in bytes and turned into typed changes together."""

import datetime as dt
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.changes import META, Changes, DeadLetter, Operation, TableShape
from etl.sources.postgres_wal.cells import Buffer, Cells, Flags, replicated_cells
from etl.sources.postgres_wal.drift import landing_name, with_columns_beside
from etl.sources.postgres_wal.messages import Relation, tuple_end
from etl.sources.postgres_wal.runs import Run
from etl.sources.postgres_wal.values import Column, column_of

REPLICATED: Final = "pgoutput"
"""The form of dead letters that came with the stream: the row as pgoutput sends it."""

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND: Final = dt.timedelta(microseconds=1)


class Rows:
    """Rows that came with the same columns, as places in all bytes of a batch."""

    def __init__(self, relation: Relation, declared: TableShape) -> None:
        self.relation = relation
        self.shape = with_columns_beside(declared, ((column.name, column.oid) for column in relation.columns))
        self.runs: list[Run] = []

    def typed(self, buffer: Buffer) -> tuple[Changes | None, list[DeadLetter]]:
        """Return the changes, None if every row has an unfit value, and what is unfit."""
        run = Run.joined(self.runs)
        cells = replicated_cells(buffer, run.starts, len(self.relation.columns))
        columns, unsent = self._columns(cells, len(run))
        unfit = np.logical_or.reduce([column.unfit for column in columns.values()])
        records = self._records(run, columns, unsent)
        dead = self._dead(buffer, run, columns, unfit) if unfit.any() else []
        if dead:
            records = records.filter(pa.array(~unfit))
        return (Changes(self.shape.table, records) if records.num_rows else None), dead

    def _columns(self, cells: list[Cells], count: int) -> tuple[dict[str, Column], NDArray[np.int64]]:
        """Return the declared columns, and the mask of those whose values did not come with a row."""
        sent = {
            landing_name(self.shape, column.name, column.oid): (column, cell)
            for column, cell in zip(self.relation.columns, cells, strict=True)
        }
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
            if not cell.is_full:
                unsent |= np.where(cell.unchanged, np.int64(1 << bit), np.int64(0))
            columns[shape.name] = column_of(cell, column.oid, shape.type)
        return columns, unsent

    def _records(self, run: Run, columns: dict[str, Column], unsent: NDArray[np.int64]) -> pa.RecordBatch:
        old = pa.array(run.old_keys, mask=~run.moved) if run.moved.any() else pa.nulls(len(run), pa.int64())
        meta = [
            pa.array(run.operations),
            pa.array(run.commits),
            pa.array(run.places),
            pa.array(run.times).cast(META.field("_committed_at").type),
            columns[self.shape.key].values,
            old,
            pa.array(unsent),
        ]
        own = [columns[name].values for name in self.shape.names]
        return pa.RecordBatch.from_arrays([*meta, *own], schema=self.shape.records)

    def _dead(self, buffer: Buffer, run: Run, columns: dict[str, Column], unfit: Flags) -> list[DeadLetter]:
        letters = []
        for row in np.flatnonzero(unfit).tolist():
            name, column = next((name, column) for name, column in columns.items() if column.unfit[row])
            start = int(run.starts[row])
            letters.append(
                DeadLetter(
                    table=self.shape.table,
                    commit_lsn=int(run.commits[row]),
                    seq=int(run.places[row]),
                    key=columns[self.shape.key].values[row].as_py(),
                    column=name,
                    reason=column.reason_of(row),
                    raw=buffer.data[start : tuple_end(buffer.data, start)],
                    operation=Operation(int(run.operations[row])),
                    old_key=int(run.old_keys[row]) if run.moved[row] else None,
                    committed_at=EPOCH + int(run.times[row]) * MICROSECOND,
                    form=REPLICATED,
                    columns=tuple((column.name, column.oid) for column in self.relation.columns),
                )
            )
        return letters
