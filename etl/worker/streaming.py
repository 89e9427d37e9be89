"""From the slot into the warehouse: reading, batching, appending, and acknowledging what is durable."""

import threading
import time
from collections.abc import Callable
from typing import Final

from etl.changes import Batch
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.warehouses.interface import Warehouse
from etl.worker import failpoints

Delivered = Callable[[Batch, float], None]
"""Hears of a batch that is in the warehouse, and how many seconds appending it took."""

_ROWS: Final = 20_000
_BYTES: Final = 16 * 2**20
# Commits that come within this time of one another share a batch, and no batch takes longer to collect than the last
# took to be appended: under load appending costs at most half of the time, without load nobody waits.
_COLLECT_SECONDS: Final = 0.002
# How soon a stop is noticed while nothing comes.
_PATIENCE: Final = 0.25
_IDLE_SECONDS: Final = 5.0


class Streaming:
    """Streams until it is told to stop. `beat` is called every few seconds while the source is idle."""

    def __init__(
        self,
        stream: ReplicationStream,
        decoder: Decoder,
        warehouse: Warehouse,
        delivered: Delivered,
        beat: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._decoder = decoder
        self._warehouse = warehouse
        self._delivered = delivered
        self._beat = beat
        self._append_seconds = 0.0
        self._delivered_at = time.monotonic()
        self._delivered_through = decoder.through

    def run(self, stop: threading.Event) -> None:
        """Read and deliver; raises SourceGone, and whatever the warehouse does."""
        while not stop.is_set():
            self._collect()
            if self._is_ready():
                self._deliver()
            elif time.monotonic() - self._delivered_at > _IDLE_SECONDS:
                self._idle()

    def _collect(self) -> None:
        """Read until nothing more is there, or enough for a batch is."""
        message = self._stream.next(_PATIENCE)
        if message is None:
            return
        failpoints.reach("read")
        end = time.monotonic() + max(_COLLECT_SECONDS, self._append_seconds)
        while message is not None:
            self._decoder.feed(message)
            if self._is_full() or time.monotonic() > end:
                return
            message = self._stream.next(0)

    def _is_full(self) -> bool:
        return self._decoder.rows >= _ROWS or self._decoder.bytes >= _BYTES

    def _is_ready(self) -> bool:
        return self._is_full() or (self._decoder.has_news and not self._decoder.is_in_transaction)

    def _idle(self) -> None:
        """Let the source forget what was written beside the published tables; let it write where nobody does."""
        if not self._decoder.is_in_transaction:
            self._decoder.advance(self._stream.received)
            if self._decoder.through > self._delivered_through:
                self._deliver()
        self._delivered_at = time.monotonic()
        self._beat()

    def _deliver(self) -> None:
        failpoints.reach("decode")
        batch = self._decoder.take()
        failpoints.reach("buffer")
        start = time.monotonic()
        self._warehouse.append(batch)
        self._delivered_at = time.monotonic()
        self._delivered_through = batch.through
        self._append_seconds = self._delivered_at - start
        failpoints.reach("acknowledge")
        self._stream.acknowledge(batch.through)
        self._delivered(batch, self._append_seconds)
