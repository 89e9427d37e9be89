"""The messages of pgoutput that come once a transaction or a table; rows are taken apart by `cells`.

Formats: PostgreSQL documentation, "Logical Replication Message Formats", protocol version 1.
"""

import struct
from dataclasses import dataclass
from typing import Final

# Microseconds from 1970 to 2000.
EPOCH_MICROSECONDS: Final = 946_684_800_000_000

_BEGIN = struct.Struct(">qqi")
_COMMIT = struct.Struct(">Bqqq")
_RELATION_COLUMN = struct.Struct(">Ii")


@dataclass(frozen=True)
class RelationColumn:
    """A column as the source sends it now, with the number of its type."""

    name: str
    oid: int
    is_key: bool


@dataclass(frozen=True)
class Relation:
    """A table as the source sends it now."""

    id: int
    table: str
    columns: tuple[RelationColumn, ...]


@dataclass(frozen=True)
class Message:
    """What was written by `pg_logical_emit_message`; a transactional one belongs to the transaction it comes in."""

    is_transactional: bool
    lsn: int
    prefix: str
    content: bytes


def read_begin(data: bytes | bytearray | memoryview) -> tuple[int, int]:
    """Return the LSN of the transaction's commit and its time, microseconds from 1970."""
    lsn, at, _ = _BEGIN.unpack_from(data, 1)
    return lsn, at + EPOCH_MICROSECONDS


def read_commit(data: bytes | bytearray | memoryview) -> int:
    """Return the LSN after the commit."""
    end: int = _COMMIT.unpack_from(data, 1)[2]
    return end


def read_relation(data: bytes) -> Relation:
    """Return a table's columns."""
    number = int.from_bytes(data[1:5], "big")
    _, at = _text(data, 5)
    table, at = _text(data, at)
    # A byte says how rows are identified.
    count = int.from_bytes(data[at + 1 : at + 3], "big")
    at += 3
    columns = []
    for _ in range(count):
        is_key = bool(data[at] & 1)
        name, at = _text(data, at + 1)
        oid, _modifier = _RELATION_COLUMN.unpack_from(data, at)
        at += _RELATION_COLUMN.size
        columns.append(RelationColumn(name, oid, is_key))
    return Relation(number, table, tuple(columns))


def read_truncate(data: bytes) -> list[int]:
    """Return the numbers of the tables that were emptied."""
    count = int.from_bytes(data[1:5], "big")
    return list(struct.unpack_from(f">{count}I", data, 6))


def read_message(data: bytes) -> Message:
    """Return what was written into the log beside rows."""
    lsn = int.from_bytes(data[2:10], "big")
    prefix, at = _text(data, 10)
    size = int.from_bytes(data[at : at + 4], "big")
    return Message(bool(data[1]), lsn, prefix, data[at + 4 : at + 4 + size])


def tuple_end(data: bytes | bytearray | memoryview, at: int) -> int:
    """Return where the row that begins at a place ends."""
    count = int.from_bytes(data[at : at + 2], "big")
    at += 2
    for _ in range(count):
        is_given = data[at] in b"tb"
        at += 5 + int.from_bytes(data[at + 1 : at + 5], "big") if is_given else 1
    return at


def cell_at(data: bytes | bytearray | memoryview, at: int, column: int) -> bytes | None:
    """Return one value of the row that begins at a place; None for null and for what was not sent."""
    at += 2
    for _ in range(column):
        is_given = data[at] in b"tb"
        at += 5 + int.from_bytes(data[at + 1 : at + 5], "big") if is_given else 1
    if data[at] not in b"tb":
        return None
    return bytes(data[at + 5 : at + 5 + int.from_bytes(data[at + 1 : at + 5], "big")])


def _text(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    # A database without an encoding takes any bytes for a name, and anybody may put them before a message.
    return data[at:end].decode(errors="replace"), end + 1
