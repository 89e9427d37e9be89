"""A batch as bytes and back: Arrow's stream format for rows, JSON for the rest."""

import struct
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter

from etl.changes import Batch, Changes, CopiedColumns, CopyAgain, DeadLetter, Erase, Heartbeat, SchemaChange

_SIZE: Final = struct.Struct(">I")


@dataclass(frozen=True)
class _Head:
    """Everything of a batch but its rows, and of which tables those are."""

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    through: int
    is_partial: bool
    tables: tuple[str, ...]
    dead: tuple[DeadLetter, ...]
    control: tuple[Heartbeat | Erase | CopyAgain | CopiedColumns, ...]


_HEADS: Final = TypeAdapter(_Head)


def is_writable(batch: Batch) -> bool:
    """Tell whether a batch can be written; one with a new shape of a table can't."""
    return not any(isinstance(control, SchemaChange) for control in batch.control)


def to_bytes(batch: Batch) -> bytes:
    """Return a batch as bytes."""
    control = tuple(one for one in batch.control if not isinstance(one, SchemaChange))
    tables = tuple(changes.table for changes in batch.changes)
    head = _HEADS.dump_json(_Head(batch.through, batch.is_partial, tables, tuple(batch.dead), control))
    parts = [head, *(_records(changes) for changes in batch.changes)]
    return b"".join(piece for part in parts for piece in (_SIZE.pack(len(part)), part))


def from_bytes(data: bytes) -> Batch:
    """Return the batch that was written."""
    parts, at = [], 0
    while at < len(data):
        (size,) = _SIZE.unpack_from(data, at)
        at += _SIZE.size
        parts.append(data[at : at + size])
        at += size
    head = _HEADS.validate_json(parts[0])
    changes = [Changes(table, _read(part)) for table, part in zip(head.tables, parts[1:], strict=True)]
    return Batch(head.through, changes, head.dead, head.control, is_partial=head.is_partial)


def _records(changes: Changes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, changes.records.schema) as stream:
        stream.write_batch(changes.records)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _read(part: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(part) as stream:
        return stream.read_next_batch()
