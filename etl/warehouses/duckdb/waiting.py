"""Copied rows that wait until their copy is whole and its moment is reached."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.changes import COPY_BEGINS, COPY_ENDS, Operation
from etl.warehouses.duckdb.statements import first_row

_COPIED: Final = int(Operation.SNAPSHOT)


def split(records: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the changes and the copied rows, with the marks around them."""
    is_mark = pc.is_in(records.column("_seq"), pa.array([COPY_BEGINS, COPY_ENDS]))
    is_copied = pc.or_(pc.equal(records.column("_op"), _COPIED), is_mark)
    if pc.all(is_copied).as_py():
        return records.slice(0, 0), records
    if not pc.any(is_copied).as_py():
        return records, records.slice(0, 0)
    return records.filter(pc.invert(is_copied)), records.filter(is_copied)


def ends_copy(records: pa.RecordBatch) -> bool:
    """Tell whether the mark behind the last row of a copy is among these."""
    return bool(records.num_rows) and records.column("_seq")[-1].as_py() == COPY_ENDS


class WaitingCopies:
    """The waiting rows of one table, and how far their copies have come.

    Rows that came between marks wait for the second one; others are parts of a table, and whole as they are: so the
    rest of a copy that was cut off would be, too.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, table: str) -> None:
        self._cursor = cursor
        self._table = table
        self._cut_off: set[int] = set()
        self.recall()

    def recall(self) -> None:
        """Find out what waits."""
        rows = f"select _commit_lsn, max(_seq) from raw.{self._table}__copying group by all"
        self._last: dict[int, int] = dict(self._cursor.execute(rows).fetchall())
        marks = "select lsn, is_whole from raw.copying where table_name = ?"
        self._is_whole: dict[int, bool] = dict(self._cursor.execute(marks, [self._table]).fetchall())
        # The transaction that had cut these off has failed.
        self._cut_off -= {*self._last, *self._is_whole}

    @property
    def moments(self) -> Sequence[int]:
        """The LSNs of the copies that are whole, in order."""
        return sorted(lsn for lsn in {*self._last, *self._is_whole} if self._is_whole.get(lsn, True))

    @property
    def only(self) -> int | None:
        """The LSN of all rows that wait; None where they are of several copies."""
        return next(iter(self._last)) if len(self._last) == 1 else None

    def take(self, records: Sequence[pa.RecordBatch]) -> None:
        """Let rows wait, all of one copy together. A mark that begins a copy ends what waited of earlier ones."""
        rows: list[pa.RecordBatch] = []
        for piece in (piece for one in records for piece in _pieces(one)):
            if rows and not _are_alike(rows[-1], piece):
                self._keep(rows)
                rows = []
            if piece.column("_op")[0].as_py() == _COPIED:
                rows.append(piece)
            else:
                self._mark(piece)
        if rows:
            self._keep(rows)

    def forget(self, lsn: int | None = None) -> None:
        """Let go of a copy, or of all that waits."""
        mine = "table_name = $1 and ($2 is null or lsn = $2)"
        self._cursor.execute(f"delete from raw.{self._table}__copying where $1 is null or _commit_lsn = $1", [lsn])
        self._cursor.execute(f"delete from raw.copying where {mine}", [self._table, lsn])
        self._last = {} if lsn is None else {one: last for one, last in self._last.items() if one != lsn}
        self._is_whole = {} if lsn is None else {one: is_it for one, is_it in self._is_whole.items() if one != lsn}

    def cut_off(self) -> None:
        """Let go of all that waits, and pass over what is still to come of it."""
        self._cut_off |= {*self._last, *self._is_whole}
        self.forget()

    def _keep(self, rows: Sequence[pa.RecordBatch]) -> None:
        """Append rows of one copy; those sent again take the earlier's place."""
        lsn, seq = (rows[0].column(name)[0].as_py() for name in ("_commit_lsn", "_seq"))
        if lsn in self._cut_off:
            return
        if self._last.get(lsn, COPY_BEGINS) >= seq:
            self._cursor.execute(
                f"delete from raw.{self._table}__copying where _commit_lsn = ? and _seq >= ?", [lsn, seq]
            )
        self._cursor.register("part", pa.Table.from_batches(rows))
        self._cursor.execute(f"insert into raw.{self._table}__copying by name from part")
        self._cursor.unregister("part")
        self._last[lsn] = rows[-1].column("_seq")[-1].as_py()

    def _mark(self, mark: pa.RecordBatch) -> None:
        lsn, seq, at = (mark.column(name)[0].as_py() for name in ("_commit_lsn", "_seq", "_committed_at"))
        if seq == COPY_BEGINS:
            self.forget()
            self._cut_off.discard(lsn)
            self._cursor.execute("insert into raw.copying values (?, ?, ?, false)", [self._table, lsn, at])
            self._is_whole[lsn] = False
        elif lsn in self._is_whole:
            self._cursor.execute(
                "update raw.copying set is_whole = true where table_name = ? and lsn = ?", [self._table, lsn]
            )
            self._is_whole[lsn] = True


def begun_at(cursor: duckdb.DuckDBPyConnection, table: str, lsn: int) -> object | None:
    """Return when the copy of a whole table began; None for a copy of a part of it."""
    found = first_row(cursor, "select begun_at from raw.copying where table_name = ? and lsn = ?", [table, lsn])
    return None if found is None else found[0]


def _pieces(records: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Give the marks one by one, and the rows between them together."""
    marks = np.flatnonzero(records.column("_op").to_numpy() != _COPIED)
    bounds = np.unique(np.concatenate([[0, records.num_rows], marks, marks + 1])).tolist()
    for start, end in pairwise(bounds):
        yield records.slice(start, end - start)


def _are_alike(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    """Tell whether both are rows of one copy, with the same columns."""
    places = [(rows.column("_commit_lsn")[0], rows.column("_op")[0]) for rows in (one, other)]
    return bool(places[0] == places[1]) and one.schema == other.schema
