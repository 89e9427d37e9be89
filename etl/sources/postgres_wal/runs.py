"""Runs of messages: rows, and the beginnings and ends of the transactions that they belong to, all at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from etl.changes import Operation
from etl.sources.postgres_wal.cells import Buffer, Flags, Positions
from etl.sources.postgres_wal.messages import EPOCH_MICROSECONDS, cell_at, read_commit, tuple_end
from etl.sources.postgres_wal.wire import Block

ROW: Final = 6
"""Where the row begins in a message: behind the kind of message, the number of the table and the kind of row."""

_INSERT, _UPDATE, _DELETE, _BEGIN, _COMMIT = map(ord, "IUDBC")
_NEW = ord("N")
_OPERATIONS: Final = np.zeros(256, dtype=np.int8)
_OPERATIONS[[_INSERT, _UPDATE, _DELETE]] = [Operation.INSERT, Operation.UPDATE, Operation.DELETE]
_UNSIGNED: Final = 2**32 - 1


@dataclass(frozen=True)
class Sent:
    """Messages, and the kind of each."""

    block: Block
    kinds: NDArray[np.uint8]

    def part(self, begin: int, end: int) -> "Sent":
        """Return some of them."""
        block = self.block
        return Sent(Block(block.data, block.starts[begin:end], block.ends[begin:end]), self.kinds[begin:end])

    def message(self, place: int) -> bytes:
        """Return one of them."""
        return self.block.data[self.block.starts[place] : self.block.ends[place]]


@dataclass(frozen=True)
class Run:
    """Rows in order: where each begins, its table, what happened to it, its commit's LSN and time, its place therein.

    `old_keys` tells something only of rows that are `moved`: their key has changed.
    """

    starts: Positions
    tables: Positions
    operations: NDArray[np.int8]
    commits: Positions
    times: Positions
    places: Positions
    moved: Flags
    old_keys: Positions

    def __len__(self) -> int:
        return len(self.starts)

    def where(self, chosen: Flags) -> "Run":
        """Return some of the rows."""
        return Run(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def after(self, position: int) -> "Run":
        """Return the rows whose commit is after an LSN."""
        is_after = self.commits > position
        return self if is_after.all() else self.where(is_after)

    def shifted(self, by: int) -> "Run":
        """Return the same rows of bytes that stand behind so many others."""
        return replace(self, starts=self.starts + by)

    @staticmethod
    def joined(runs: Sequence["Run"]) -> "Run":
        """Return the rows of runs, one after the other."""
        if len(runs) == 1:
            return runs[0]
        return Run(*(np.concatenate([getattr(run, one.name) for run in runs]) for one in fields(Run)))


KeyPlace = Callable[[int], int | None]
"""Tells the place of a table's key among its columns."""


class Transaction:
    """Where the log stands: the LSN and the time of the transaction's commit, and how many rows of it have come."""

    def __init__(self) -> None:
        self.is_open = False
        self.through = 0
        self.commit, self.committed_at, self._place = 0, 0, 0

    def run(self, sent: Sent, key_place: KeyPlace) -> Run:
        """Return the rows of messages that are rows, beginnings and ends; `through` is the LSN of the last end."""
        buffer, starts = Buffer(sent.block.data), sent.block.starts
        begins, ends = np.flatnonzero(sent.kinds == _BEGIN), np.flatnonzero(sent.kinds == _COMMIT)
        rows = _rows(sent, buffer, key_place)
        # By transaction; the first is the one that was open before.
        commits = np.append(self.commit, buffer.integers(starts[begins] + 1, 8))
        times = np.append(self.committed_at, buffer.integers(starts[begins] + 9, 8) + EPOCH_MICROSECONDS)
        before = np.append(-self._place, np.searchsorted(rows.messages, begins))
        of = np.cumsum(sent.kinds == _BEGIN)[rows.messages]
        places = np.arange(len(rows.messages)) - before[of]
        self.commit, self.committed_at, self._place = (
            int(commits[-1]),
            int(times[-1]),
            len(rows.messages) - int(before[-1]),
        )
        if len(begins) or len(ends):
            self.is_open = len(begins) > 0 and (not len(ends) or bool(begins[-1] > ends[-1]))
        if len(ends):
            self.through = read_commit(sent.message(int(ends[-1]))) - 1
        tables = buffer.integers(starts[rows.messages] + 1, 4) & _UNSIGNED
        return Run(rows.starts, tables, rows.operations, commits[of], times[of], places, rows.moved, rows.old_keys)

    def one(self, operation: Operation, table: int, start: int) -> Run:
        """Return a row of which nothing but its table is known, at this place of the transaction."""
        numbers = (start, table, operation, self.commit, self.committed_at, self._place, False, 0)
        self._place += 1
        return Run(*(np.array([number], dtype=kind) for number, kind in zip(numbers, _KINDS, strict=True)))


_KINDS: Final = (np.int64, np.int64, np.int8, np.int64, np.int64, np.int64, np.bool_, np.int64)


@dataclass(frozen=True)
class _Rows:
    """Rows: the message that each is of, where it begins, and what happened to it."""

    messages: Positions
    starts: Positions
    operations: NDArray[np.int8]
    moved: Flags
    old_keys: Positions


def _rows(sent: Sent, buffer: Buffer, key_place: KeyPlace) -> _Rows:
    operations = _OPERATIONS[sent.kinds]
    messages = np.flatnonzero(operations)
    starts = sent.block.starts[messages] + ROW
    moved, old_keys = np.zeros(len(messages), dtype=np.bool_), np.zeros(len(messages), dtype=np.int64)
    rows = _Rows(messages, starts, operations[messages], moved, old_keys)
    # The old row, or only its key where that was changed, comes before the new one.
    has_old = (rows.operations == Operation.UPDATE) & (buffer.octets[starts - 1] != _NEW)
    return _with_old_rows(sent, rows, np.flatnonzero(has_old), key_place) if has_old.any() else rows


def _with_old_rows(sent: Sent, rows: _Rows, places: Positions, key_place: KeyPlace) -> _Rows:
    """Return the rows with those updates of which the old row came; one with another key becomes two rows."""
    told = [_told(sent.message(int(rows.messages[place])), key_place) for place in places]
    counts = np.ones(len(rows.messages), dtype=np.int64)
    counts[places] += [one.is_moved for one in told]
    firsts = (np.cumsum(counts) - counts)[places]
    found = _Rows(*(np.repeat(getattr(rows, one.name), counts) for one in fields(_Rows)))
    for place, one in zip(firsts.tolist(), told, strict=True):
        if one.is_moved:
            found.operations[place : place + 2] = [Operation.DELETE, Operation.INSERT]
            found.moved[place + 1], found.old_keys[place + 1] = True, one.old_key
        found.starts[place + one.is_moved] += one.new - ROW
    return found


@dataclass(frozen=True)
class _Told:
    """An update of which the old row came: where the new one begins in the message, and the key that was changed."""

    new: int
    is_moved: bool
    old_key: int


def _told(message: bytes, key_place: KeyPlace) -> _Told:
    new = tuple_end(message, ROW) + 1
    place = key_place(int.from_bytes(message[1:5], "big"))
    before, after = (None if place is None else cell_at(message, at, place) for at in (ROW, new))
    return _Told(new, before != after, int.from_bytes(before or b"", "big", signed=True))
