"""From the slot into the warehouse: reading, batching, appending, and acknowledging what is durable."""

import threading
import time
from collections.abc import Callable
from typing import Final

from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.worker import failpoints
from etl.worker.appending import Appendable, Appending, Delivered

_ROWS: Final = 20_000
_BYTES: Final = 16 * 2**20
# Commits that come within this time of one another share a batch; so do those that come while one is appended.
_COLLECT_SECONDS: Final = 0.002
# How soon a stop is noticed while nothing comes, and the end of an append while it runs.
_PATIENCE: Final = 0.25
_BRIEFLY: Final = 0.001
_IDLE_SECONDS: Final = 5.0


class Streaming:
    """Streams until it is told to stop. `beat` is called every few seconds while the source is idle."""

    def __init__(
        self,
        stream: ReplicationStream,
        decoder: Decoder,
        warehouse: Appendable,
        delivered: Delivered,
        beat: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._decoder = decoder
        self._appending = Appending(warehouse, delivered)
        self._beat = beat
        self._started_at = time.monotonic()
        self._started_through = decoder.through

    def run(self, stop: threading.Event) -> None:
        """Read and deliver; raises SourceGone, and whatever the warehouse does."""
        with self._appending:
            while not stop.is_set():
                self._collect()
                self._acknowledge()
                if self._is_ready():
                    self._deliver()
                elif time.monotonic() - self._started_at > _IDLE_SECONDS and self._appending.is_free:
                    self._idle()
            self._acknowledge(wait=True)

    def _collect(self) -> None:
        """Read until nothing more is there, or enough for a batch is."""
        if self._is_full():
            return
        is_waiting = self._decoder.has_news or not self._appending.is_free
        message = self._stream.next(_BRIEFLY if is_waiting else _PATIENCE)
        if message is None:
            return
        failpoints.reach("read")
        end = time.monotonic() + _COLLECT_SECONDS
        while message is not None:
            self._decoder.feed(message)
            if self._is_full() or time.monotonic() > end:
                return
            message = self._stream.next(0)

    def _acknowledge(self, *, wait: bool = False) -> None:
        """Tell the source what has become durable; where the next batch is full already, that is waited for."""
        through = self._appending.ended(wait=wait or self._is_full())
        if through is not None:
            failpoints.reach("acknowledge")
            self._stream.acknowledge(through)

    def _is_full(self) -> bool:
        return self._decoder.rows >= _ROWS or self._decoder.bytes >= _BYTES

    def _is_ready(self) -> bool:
        has_batch = self._is_full() or (self._decoder.has_news and not self._decoder.is_in_transaction)
        return has_batch and self._appending.is_free

    def _idle(self) -> None:
        """Let the source forget what was written beside the published tables; let it write where nobody does."""
        if not self._decoder.is_in_transaction:
            self._decoder.advance(self._stream.received)
            if self._decoder.through > self._started_through:
                self._deliver()
        self._started_at = time.monotonic()
        self._beat()

    def _deliver(self) -> None:
        failpoints.reach("decode")
        batch = self._decoder.take()
        self._started_at, self._started_through = time.monotonic(), batch.through
        self._appending.start(batch)
