"""From pgoutput's messages to batches of typed changes; knows transactions and tables, not connections."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from etl.changes import Batch, Changes, Control, CopyAgain, DeadLetter, Operation, SchemaChange, TableShape
from etl.sources.commands import COMMANDS, commands_of
from etl.sources.postgres_wal.cells import PADDING, Buffer
from etl.sources.postgres_wal.heartbeats import heartbeat_of
from etl.sources.postgres_wal.messages import Message, Relation, read_message, read_relation, read_truncate
from etl.sources.postgres_wal.rows import Rows
from etl.sources.postgres_wal.runs import ROW, Run, Sent, Transaction
from etl.sources.postgres_wal.wire import Block

_RELATION, _TRUNCATE, _MESSAGE = map(ord, "RTM")
_IS_COMMON: Final = np.isin(np.arange(256), list(b"IUDBC"))


class Decoder:
    """Collects messages until `take` makes a batch of them.

    `position` is the LSN up to which commits were loaded before: what begins at or before it is passed over.
    """

    def __init__(self, shapes: Mapping[str, TableShape], position: int = 0) -> None:
        self.through = position
        self.rows = 0
        self.bytes = 0
        self._shapes = shapes
        self._position = position
        self._relations: dict[int, Relation] = {}
        self._transaction = Transaction()
        # What was sent, one piece after the other; rows know where in all of it they begin.
        self._pieces: list[bytes] = []
        self._open: dict[int, Rows] = {}
        self._closed: list[Rows] = []
        self._control: list[Control] = []

    @property
    def is_in_transaction(self) -> bool:
        """Whether the end of a transaction is still to come."""
        return self._transaction.is_open

    @property
    def committed_at(self) -> int:
        """When the newest transaction was committed, by the source's clock, in microseconds from 1970."""
        return self._transaction.committed_at

    def feed(self, block: Block) -> None:
        """Take messages, in the order in which they were sent."""
        sent = Sent(block, np.frombuffer(block.data, dtype=np.uint8)[block.starts])
        begin = 0
        for place in np.flatnonzero(~_IS_COMMON[sent.kinds]).tolist():
            self._run(sent.part(begin, place))
            self._rare(int(sent.kinds[place]), sent.message(place))
            begin = place + 1
        self._run(sent.part(begin, len(sent.kinds)))

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
        buffer = Buffer(b"".join([*self._pieces, PADDING]))
        for rows in [*self._closed, *self._open.values()]:
            found, letters = rows.typed(buffer)
            if rows.relation.table == COMMANDS.table:
                self._control += commands_of(found) if found else []
                continue
            changes += [found] if found else []
            dead += letters
        batch = Batch(self.through, changes, dead, self._control, is_partial=self.is_in_transaction)
        self._pieces, self._closed, self._open, self._control = [], [], {}, []
        self.rows = self.bytes = 0
        return batch

    def _run(self, sent: Sent) -> None:
        """Take rows, beginnings and ends of transactions."""
        if not len(sent.kinds):
            return
        run = self._transaction.run(sent, self._key_place)
        self.advance(self._transaction.through)
        self._collect(run.after(self._position), sent.block.data)

    def _collect(self, run: Run, data: bytes) -> None:
        collected = 0
        for number, part in _by_table(run):
            rows = self._open.get(number) or self._begin_rows(number)
            if rows is not None:
                rows.runs.append(part.shifted(self.bytes))
                collected += len(part)
        if collected:
            self._pieces.append(data)
            self.bytes += len(data)
            self.rows += collected

    def _begin_rows(self, number: int) -> Rows | None:
        relation = self._relations[number]
        shape = COMMANDS if relation.table == COMMANDS.table else self._shapes.get(relation.table)
        if shape is None:
            return None
        rows = self._open[number] = Rows(relation, shape)
        return rows

    def _key_place(self, number: int) -> int | None:
        """Return the place of a table's key among the columns that are sent."""
        relation = self._relations[number]
        shape = self._shapes.get(relation.table)
        names = [column.name for column in relation.columns]
        return names.index(shape.key) if shape and shape.key in names else None

    def _rare(self, kind: int, data: bytes) -> None:
        if kind == _RELATION:
            relation = read_relation(data)
            self._relate(relation)
        elif kind == _TRUNCATE:
            for number in read_truncate(data):
                self._truncate(number)
        elif kind == _MESSAGE:
            self._hear(read_message(data))

    def _hear(self, message: Message) -> None:
        if message.is_transactional:
            # It is true with its transaction, however long before the commit it was written.
            message = replace(message, lsn=self._transaction.commit)
        if message.lsn > self._position and (heartbeat := heartbeat_of(message)) is not None:
            self._control.append(heartbeat)

    def _relate(self, relation: Relation) -> None:
        before = self._relations.get(relation.id)
        self._relations[relation.id] = relation
        shape = self._shapes.get(relation.table)
        if before == relation:
            return
        # What came with other columns is typed by those.
        if relation.id in self._open:
            self._closed.append(self._open.pop(relation.id))
        if shape is None:
            return
        # Defaults of new columns and conversions of types reach rows without a change, and so do some deletions.
        if before is not None and _is_altered(relation, before, shape):
            self._control.append(SchemaChange(shape))
        if any(_misses_deletions(one, shape) for one in (before, relation) if one is not None):
            # Of the columns a warehouse knows when they were copied; of this it knows only what it was asked.
            self._control.append(CopyAgain(shape.table, f"identified:{shape.table}:{self._transaction.commit}"))

    def _truncate(self, number: int) -> None:
        """Take the end of all rows of a table as a row in which nothing is given."""
        columns = len(self._relations[number].columns)
        empty = b"T" + number.to_bytes(4, "big") + b"N" + columns.to_bytes(2, "big") + b"n" * columns
        run = self._transaction.one(Operation.TRUNCATE, number, ROW)
        self._collect(run.after(self._position), empty)


def _is_altered(relation: Relation, before: Relation, shape: TableShape) -> bool:
    known = {(column.name, column.oid) for column in before.columns}
    return any(column.name in shape.names for column in relation.columns if (column.name, column.oid) not in known)


def _misses_deletions(relation: Relation, shape: TableShape) -> bool:
    """Tell whether rows are identified by others than the key: which ones were deleted meanwhile is not told."""
    keys = [column.name for column in relation.columns if column.is_key]
    return bool(keys) and shape.key not in keys


def _by_table(run: Run) -> Iterator[tuple[int, Run]]:
    """Give the rows of each table."""
    while len(run):
        number = int(run.tables[0])
        is_of_it = run.tables == number
        if is_of_it.all():
            yield number, run
            return
        yield number, run.where(is_of_it)
        run = run.where(~is_of_it)
