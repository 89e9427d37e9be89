"""From events to a batch: values typed, what can't be read set aside, and each change given its place."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from etl.changes import Batch, Changes, ColumnShape, Control, DeadLetter, Operation, TableShape
from etl.sources.commands import COMMANDS, commands_of
from etl.sources.debezium.envelope import Event, NoEnvelope, Note, read_envelope
from etl.sources.debezium.offsets import Partition, Reached, offset_changes
from etl.sources.debezium.values import Encoding, Unfit, is_unavailable, value_of
from etl.sources.postgres_wal.heartbeats import heartbeat_of
from etl.sources.postgres_wal.messages import Message

DEBEZIUM: Final = "debezium"
DEBEZIUM_TEXT: Final = "debezium, decimals as string"
"""The forms of dead letters: a message's value, and how decimals are written in it where it does not tell."""


@dataclass(frozen=True)
class Read:
    """A message that was read: the table of its topic, what it says, its bytes, and how many partitions there are."""

    shape: TableShape
    said: Event | NoEnvelope
    data: bytes
    partitions: int


@dataclass
class Collecting:
    """What has been read since the batch of a position.

    Partitions are not read in step: what stands in the source's order before a position that was reached through
    another partition counts as committed right after it. Changes of one key are in one partition, and stay in order:
    rows of a snapshot, which have no place, come after all that was read before them, and before what follows.
    """

    before: int
    encoding: Encoding
    moved: dict[Partition, Reached] = field(default_factory=dict)
    _through: int = field(init=False)
    _seq: int = field(default=0, init=False)
    _at: int = field(default=0, init=False)
    _copied: dict[str, int] = field(default_factory=dict, init=False)
    _rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list), init=False)
    _shapes: dict[str, TableShape] = field(default_factory=dict, init=False)
    _dead: list[DeadLetter] = field(default_factory=list, init=False)
    _control: list[Control] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Begin right after the position."""
        self._through = self.before + 1

    def add(self, read: Read) -> None:
        """Take a change in, or set it aside."""
        commit = self._commit(read)
        try:
            row = self._row(read)
        except NoEnvelope as fault:
            self._bury(read, commit, "", str(fault))
        except UnfitColumn as fault:
            self._bury(read, commit, fault.column, fault.reason)
        else:
            self._shapes[read.shape.table] = read.shape
            self._rows[read.shape.table].append(row | {"_commit_lsn": commit, "_seq": self._seq})
        self._seq += 1

    def note(self, note: Note) -> None:
        """Take in what was written into the source's log for the log's readers."""
        said = Message(is_transactional=True, lsn=note.lsn, prefix=note.prefix, content=note.decoded())
        heartbeat = heartbeat_of(said)
        if heartbeat is not None:
            self._control.append(heartbeat)

    def batch(self) -> Batch:
        """Return everything, with how far partitions were read."""
        changes = {
            table: Changes(table, pa.RecordBatch.from_pylist(rows, self._shapes[table].records))
            for table, rows in self._rows.items()
        }
        commands = changes.pop(COMMANDS.table, None)
        control = [*self._control, *(commands_of(commands) if commands else [])]
        offsets = offset_changes(self.moved, self._through, self._at)
        return Batch(self._through, [*changes.values(), offsets], self._dead, control)

    def _commit(self, read: Read) -> int:
        place = read.said.place if isinstance(read.said, Event) else None
        table = read.shape.table
        commit = max(place.commit if place else self._through, self.before + 1, self._copied.get(table, 0))
        if place is None:
            self._copied[table] = commit
        self._through = max(self._through, commit)
        return commit

    def _row(self, read: Read) -> dict[str, Any]:
        if isinstance(read.said, NoEnvelope):
            raise read.said
        if read.said.operation is Operation.TRUNCATE and read.partitions > 1:
            raise NoEnvelope("a TRUNCATE of a topic of several partitions has no order: let Debezium copy the table")
        self._at = max(self._at, read.said.committed_at)
        return row_of(read.said, read.shape, self.encoding)

    def _bury(self, read: Read, commit: int, column: str, reason: str) -> None:
        if read.shape is COMMANDS:
            # There is no table of the warehouse that lacks it.
            return
        event = read.said if isinstance(read.said, Event) else None
        self._dead.append(
            DeadLetter(
                table=read.shape.table,
                commit_lsn=commit,
                seq=self._seq,
                key=event.key if event else None,
                column=column,
                reason=reason,
                raw=read.data,
                operation=event.operation if event else Operation.INSERT,
                old_key=event.old_key if event else None,
                form=DEBEZIUM_TEXT if self.encoding.decimals_are_text else DEBEZIUM,
            )
        )


class UnfitColumn(Exception):
    """A value is not of the declared type."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def row_of(event: Event, shape: TableShape, encoding: Encoding) -> dict[str, Any]:
    """Return an event as a row of `TableShape.records` that lacks only its place; raises UnfitColumn."""
    values: dict[str, Any] = {} if event.key is None else {shape.key: event.key}
    unchanged = 0
    if event.operation in (Operation.INSERT, Operation.UPDATE):
        for bit, column in enumerate(shape.columns):
            if column.name not in event.values or is_unavailable(event.values[column.name]):
                unchanged |= 1 << bit
            else:
                values[column.name] = _value(event, column, encoding)
    told = {"_op": int(event.operation), "_committed_at": event.committed_at, "_key": event.key}
    return {**values, **told, "_old_key": event.old_key, "_unchanged": unchanged}


def read_again(letter: DeadLetter, shape: TableShape) -> Changes | None:
    """Return the change of a dead letter; None where it still can't be read."""
    try:
        event = read_envelope(letter.raw, None, (), shape.key)
        if not isinstance(event, Event):
            return None
        row = row_of(event, shape, Encoding(decimals_are_text="string" in letter.form))
    except (NoEnvelope, UnfitColumn):
        return None
    row |= {"_commit_lsn": letter.commit_lsn, "_seq": letter.seq, "_old_key": letter.old_key}
    return Changes(letter.table, pa.RecordBatch.from_pylist([row], shape.records))


def _value(event: Event, column: ColumnShape, encoding: Encoding) -> Any:
    try:
        return value_of(event.values[column.name], event.fields.get(column.name), column.type, encoding)
    except Unfit as fault:
        raise UnfitColumn(column.name, str(fault)) from None
