"""How far each partition was read: a table of the warehouse, written with the rows that were read."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from etl.changes import Changes, ColumnShape, Operation, TableShape
from etl.sources.debezium.envelope import Place

_COLUMNS: Final = (
    ColumnShape("id", pa.int64(), nullable=False, description="Made from topic and partition."),
    ColumnShape("topic", pa.string(), nullable=False, description="The topic."),
    ColumnShape("partition", pa.int32(), nullable=False, description="The number of the partition."),
    ColumnShape("next_offset", pa.int64(), nullable=False, description="The offset to be read next."),
    ColumnShape("last_commit", pa.int64(), nullable=True, description="Place of the last change: its commit."),
    ColumnShape("last_lsn", pa.int64(), nullable=True, description="Its LSN."),
    ColumnShape("last_number", pa.int64(), nullable=True, description="Its number within the transaction."),
    ColumnShape(
        "last_at", pa.int64(), nullable=True, description="The latest time of a change, microseconds from 1970."
    ),
    ColumnShape("last_command", pa.int64(), nullable=True, description="The greatest number of a command."),
    ColumnShape("heard_lsn", pa.int64(), nullable=True, description="The LSN as of which it was heard."),
)
OFFSETS: Final = TableShape("debezium_offsets", _COLUMNS, description="How far partitions of Kafka were read.")

Partition = tuple[str, int]


@dataclass(frozen=True)
class Heard:
    """The greatest number of the commands that were heard, and the LSN as of which the last one was."""

    number: int
    lsn: int

    def covers(self, other: "Heard") -> bool:
        """Tell whether another one, which a snapshot as of its LSN has, was heard before that snapshot."""
        return other.number <= self.number and other.lsn > self.lsn

    def joined(self, other: "Heard | None") -> "Heard":
        """Return both as one."""
        return self if other is None else Heard(max(self.number, other.number), max(self.lsn, other.lsn))


@dataclass(frozen=True)
class Reached:
    """The offset of a partition to be read next, the place of the last change that was read, and the last command.

    `at` is the latest time of a change that was read, None where it was not noted.
    """

    offset: int
    last: Place | None = None
    heard: Heard | None = None
    at: int | None = None

    def knows(self, place: Place, at: int) -> bool:
        """Tell whether a change was read before.

        One that is later than all of them was not: its place is of another cluster, whose log begins lower.
        """
        return place.was_before(self.last) and (self.at is None or at <= self.at)

    def after(self, offset: int, place: Place | None, at: int = 0, heard: Heard | None = None) -> "Reached":
        """Return where it stands after a message; rows of snapshots have no place."""
        moved = replace(self, offset=offset + 1, heard=heard.joined(self.heard) if heard else self.heard)
        if place is None or self.knows(place, at):
            return moved
        return replace(moved, last=place, at=max(at, self.at or at))


def reached(parts: Iterable[pa.RecordBatch]) -> dict[Partition, Reached]:
    """Return how far partitions were read, from the table as it stands."""
    found = {}
    for row in (row for part in parts for row in part.to_pylist()):
        parts = [row[name] for name in ("last_commit", "last_lsn", "last_number")]
        last = None if parts[0] is None else Place(*parts)
        heard = None if row["last_command"] is None else Heard(row["last_command"], row["heard_lsn"])
        found[row["topic"], row["partition"]] = Reached(row["next_offset"], last, heard, row["last_at"])
    return found


def offset_changes(moved: Mapping[Partition, Reached], position: int, at: int) -> Changes:
    """Return the rows that tell how far partitions were read, committed at a position."""
    rows = []
    for seq, ((topic, partition), one) in enumerate(moved.items()):
        number = _id(topic, partition)
        last = one.last or None
        rows.append(
            {
                "_op": int(Operation.UPDATE),
                "_commit_lsn": position,
                "_seq": seq,
                "_committed_at": at,
                "_key": number,
                "_unchanged": 0,
                "id": number,
                "topic": topic,
                "partition": partition,
                "next_offset": one.offset,
                "last_commit": last and last.commit,
                "last_lsn": last and last.lsn,
                "last_number": last and last.number,
                "last_at": one.at,
                "last_command": one.heard and one.heard.number,
                "heard_lsn": one.heard and one.heard.lsn,
            }
        )
    return Changes(OFFSETS.table, pa.RecordBatch.from_pylist(rows, OFFSETS.records))


def _id(topic: str, partition: int) -> int:
    digest = hashlib.sha256(f"{topic}/{partition}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
