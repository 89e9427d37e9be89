"""What shares a batch: everything that has come of a backlog, and of what is new only what comes during an append."""

import threading
from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest

from etl.changes import Batch
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.messages import EPOCH_MICROSECONDS
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.sources.postgres_wal.wire import Block
from etl.worker.streaming import Streaming
from tests.etl.sources.recording import Source, block_of, messages_of, shape_of, streaming

NUMBERS = shape_of("numbers", id=pa.int64())
COMMITS = 50


@pytest.fixture
def source(empty_database: str) -> Iterator[Source]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table numbers (id bigint primary key)")
    with streaming(empty_database, NUMBERS) as source:
        for number in range(COMMITS):
            source.connection.execute("insert into numbers values (%s)", [number])
        yield source


class Recorded(ReplicationStream):
    """Gives what a source has sent, a transaction at a time, so many seconds after each; then stops the reader."""

    def __init__(self, source: Source, delay: float, stop: threading.Event) -> None:
        self.decoder = Decoder(source.shapes, source.position)
        self.received = source.position
        self._blocks = _transactions(messages_of(source))
        self._delay, self._stop = round(delay * 1e6), stop

    def next(self, _: float) -> Block | None:
        block = next(self._blocks, None)
        if block is not None:
            self.sent_at = _committed_at(block) + self._delay
        elif not self.decoder.has_news:
            self._stop.set()
        return block

    def acknowledge(self, _: int) -> None:
        """Nobody is there to hear it."""


def _transactions(messages: list[bytes]) -> Iterator[Block]:
    begin = 0
    for place, message in enumerate(messages):
        if message.startswith(b"C"):
            yield block_of(messages[begin : place + 1])
            begin = place + 1


def _committed_at(block: Block) -> int:
    at = int(block.starts[0]) + 9
    return int.from_bytes(block.data[at : at + 8], "big") + EPOCH_MICROSECONDS


class Noted:
    """A warehouse that notes how many rows came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def append(self, batch: Batch) -> None:
        self.sizes.append(sum(changes.records.num_rows for changes in batch.changes))


def batches(source: Source, delay: float) -> list[int]:
    stop, warehouse = threading.Event(), Noted()
    stream = Recorded(source, delay, stop)
    Streaming(stream, stream.decoder, warehouse, lambda *_: None, lambda: None).run(stop)
    assert sum(warehouse.sizes) == COMMITS
    return warehouse.sizes


def test_commits_of_a_backlog_share_a_batch(source: Source) -> None:
    # A slow machine may come to the end of the time for which a batch is filled.
    assert len(batches(source, delay=60)) <= 3


def test_a_new_commit_waits_for_no_other(source: Source) -> None:
    assert batches(source, delay=0.01)[0] == 1
