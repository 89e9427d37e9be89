"""From pgoutput's messages to batches of typed changes; knows transactions and tables, not connections."""

from collections.abc import Mapping
from typing import Final

from etl.changes import Batch, Changes, Control, DeadLetter, Operation, TableShape
from etl.sources.postgres_wal.control import control_of
from etl.sources.postgres_wal.messages import (
    Relation,
    cell_at,
    read_begin,
    read_commit,
    read_message,
    read_relation,
    read_truncate,
    tuple_end,
)
from etl.sources.postgres_wal.rows import Rows

_INSERT, _UPDATE, _DELETE = ord("I"), ord("U"), ord("D")
_BEGIN, _COMMIT, _RELATION, _TRUNCATE, _MESSAGE = map(ord, "BCRTM")
_NEW = ord("N")
# Behind the kind of message, the number of the table and the kind of row.
_ROW: Final = 6


class Decoder:
    """Collects messages until `take` makes a batch of them.

    `position` is the LSN up to which commits were loaded before: what begins at or before it is passed over.
    """

    def __init__(self, shapes: Mapping[str, TableShape], position: int = 0) -> None:
        self.through = position
        self.rows = 0
        self.bytes = 0
        self.is_in_transaction = False
        self._shapes = shapes
        self._position = position
        self._relations: dict[int, Relation] = {}
        self._open: dict[int, Rows] = {}
        self._closed: list[Rows] = []
        self._control: list[Control] = []
        self._commit, self._at, self._place = 0, 0, 0

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take one message."""
        kind = data[0]
        if kind == _INSERT:
            self._row(data, _ROW, Operation.INSERT)
        elif kind == _UPDATE:
            self._update(data)
        elif kind == _DELETE:
            self._row(data, _ROW, Operation.DELETE)
        elif kind == _BEGIN:
            self._commit, self._at = read_begin(data)
            self._place = 0
            self.is_in_transaction = True
        elif kind == _COMMIT:
            self.is_in_transaction = False
            self.advance(read_commit(data) - 1)
        else:
            self._rare(kind, bytes(data))

    def advance(self, through: int) -> None:
        """Note that every commit up to an LSN has been fed; an earlier one than before changes nothing."""
        self.through = max(self.through, through)

    @property
    def has_news(self) -> bool:
        """Whether a batch would hold anything but a position."""
        return bool(self.rows or self._control)

    def take(self) -> Batch:
        """Return what was collected, and begin anew; within a transaction the batch is a partial one."""
        changes: list[Changes] = []
        dead: list[DeadLetter] = []
        for rows in [*self._closed, *self._open.values()]:
            found, letters = rows.typed()
            changes += [found] if found else []
            dead += letters
        batch = Batch(self.through, changes, dead, self._control, is_partial=self.is_in_transaction)
        self._closed, self._open, self._control = [], {}, []
        self.rows = self.bytes = 0
        return batch

    def _row(
        self, data: bytes | bytearray | memoryview, at: int, operation: Operation, old_key: int | None = None
    ) -> None:
        number = int.from_bytes(data[1:5], "big")
        rows = self._open.get(number) or self._begin_rows(number)
        if rows is None or self._commit <= self._position:
            return
        if old_key is not None:
            rows.old_keys[len(rows.pieces)] = old_key
        rows.pieces.append(data)
        rows.offsets.append(at)
        rows.operations.append(operation)
        rows.commits.append(self._commit)
        rows.times.append(self._at)
        rows.places.append(self._place)
        self._place += 1
        self.rows += 1
        self.bytes += len(data)

    def _update(self, data: bytes | bytearray | memoryview) -> None:
        if data[_ROW - 1] == _NEW:
            self._row(data, _ROW, Operation.UPDATE)
            return
        # The old row, or only its key where that was changed, comes before the new one.
        new = tuple_end(data, _ROW) + 1
        before, after = self._key(data, _ROW), self._key(data, new)
        if before == after:
            self._row(data, new, Operation.UPDATE)
        else:
            self._row(data, _ROW, Operation.DELETE)
            self._row(data, new, Operation.INSERT, before)

    def _key(self, data: bytes | bytearray | memoryview, at: int) -> int | None:
        relation = self._relations[int.from_bytes(data[1:5], "big")]
        shape = self._shapes.get(relation.table)
        place = next((i for i, c in enumerate(relation.columns) if shape and c.name == shape.key), None)
        value = None if place is None else cell_at(data, at, place)
        return None if value is None else int.from_bytes(value, "big", signed=True)

    def _begin_rows(self, number: int) -> Rows | None:
        relation = self._relations[number]
        shape = self._shapes.get(relation.table)
        if shape is None:
            return None
        rows = self._open[number] = Rows(relation, shape)
        return rows

    def _rare(self, kind: int, data: bytes) -> None:
        if kind == _RELATION:
            relation = read_relation(data)
            # What came with other columns is typed by those.
            if self._relations.get(relation.id) != relation and relation.id in self._open:
                self._closed.append(self._open.pop(relation.id))
            self._relations[relation.id] = relation
        elif kind == _TRUNCATE:
            for number in read_truncate(data):
                columns = len(self._relations[number].columns)
                empty = b"T" + number.to_bytes(4, "big") + b"N" + columns.to_bytes(2, "big") + b"n" * columns
                self._row(empty, _ROW, Operation.TRUNCATE)
        elif kind == _MESSAGE:
            message = read_message(data)
            if message.lsn > self._position and (control := control_of(message)) is not None:
                self._control.append(control)
