"""A source on a database of its own, and what came out of it as plain rows."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from etl.changes import Batch, Changes, ColumnShape, DeadLetter, TableShape, table_shapes
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.slot import NewSlot
from etl.sources.postgres_wal.snapshot import copy_table
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.sources.postgres_wal.wire import Block
from etl.sources.publication import publish
from schema.entities import ENTITIES
from tests.etl.source_log import let_go, log_end

PUBLICATION = "etl_test"
SHAPES = {shape.table: shape for shape in table_shapes(ENTITIES)}
Row = dict[str, Any]


def shape_of(table: str, **columns: pa.DataType) -> TableShape:
    """Return how a table lands whose columns have these types."""
    return TableShape(
        table, tuple(ColumnShape(name, kind, nullable=True, description="") for name, kind in columns.items())
    )


class Source:
    """A slot and what it streams."""

    def __init__(self, url: str, shapes: dict[str, TableShape]) -> None:
        self.url = url
        self.shapes = shapes
        self.slot = f"slot_{time.time_ns()}"
        self.connection = psycopg.connect(url, autocommit=True)
        publish(self.connection, PUBLICATION, shapes.values())
        with NewSlot(url, self.slot) as made:
            self.position = made.position

    def changes(self) -> list[Row]:
        """Return what was committed since the last call, in order."""
        return [row for batch in self.batches() for row in rows_of(batch.changes)]

    def batches(self, limit: int = 10**9) -> list[Batch]:
        decoder = Decoder(self.shapes, self.position)
        with ReplicationStream(self.url, self.slot, PUBLICATION, self.position) as stream:
            found = [decoder.take() for _ in self.blocks(stream, decoder) if decoder.rows >= limit]
            found.append(decoder.take())
            self.position = found[-1].through
            stream.acknowledge(self.position)
        return found

    def blocks(self, stream: ReplicationStream, decoder: Decoder) -> Iterator[Block]:
        """Give what was committed so far, and a transaction that marks its end; the decoder has it already."""
        end = log_end(self.connection)
        self.connection.execute("select pg_logical_emit_message(true, 'end', '')")
        while decoder.through < end:
            block = stream.next(10)
            assert block is not None
            decoder.feed(block)
            yield block

    def dead(self) -> list[DeadLetter]:
        return [letter for batch in self.batches() for letter in batch.dead]

    def close(self) -> None:
        let_go(self.connection, self.slot)
        self.connection.close()


def messages_of(source: Source) -> list[bytes]:
    """Return the messages of what was committed so far."""
    found: list[bytes] = []
    with ReplicationStream(source.url, source.slot, PUBLICATION, source.position) as stream:
        for block in source.blocks(stream, Decoder(source.shapes, source.position)):
            found += [block.data[start:end] for start, end in zip(block.starts, block.ends, strict=True)]
    begins = [place for place, message in enumerate(found) if message.startswith(b"B")]
    return found[: begins[-1]]


def block_of(messages: Sequence[bytes]) -> Block:
    """Put messages behind one another, with other bytes between them, as frames are."""
    data, starts, ends = b"", [], []
    for message in messages:
        data += b"frame" + message
        starts.append(len(data) - len(message))
        ends.append(len(data))
    return Block(data, np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))


def rows_of(changes: Iterable[Changes]) -> list[Row]:
    rows = [{"table": part.table, **row} for part in changes for row in part.records.to_pylist()]
    return sorted(rows, key=lambda row: (row["_commit_lsn"], row["_seq"]))


@contextmanager
def streaming(url: str, *shapes: TableShape) -> Iterator[Source]:
    source = Source(url, {shape.table: shape for shape in shapes})
    try:
        yield source
    finally:
        source.close()


def copied(url: str, shape: TableShape, snapshot: str | None = None) -> tuple[list[Row], list[DeadLetter]]:
    with psycopg.connect(url) as connection:
        parts = list(copy_table(connection, shape, 1))
    changes: list[Changes] = [part for part, _ in parts if part]
    return rows_of(changes), [letter for _, letters in parts for letter in letters]
