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
# A piece of the log costs as much as hundreds of rows, however short it is. A sender that is no faster than this reader
# would be read a few rows at a time: what comes gathers so long, where nobody waits for it and where somebody does.
_GATHER: Final = 0.004
_GATHER_BRIEFLY: Final = 0.001
# What comes so long after its commit is backlog: batches of it are filled, as far as that takes no longer than this.
_LATE_MICROSECONDS: Final = 1_000_000
_FILL_SECONDS: Final = 0.25
# How soon a stop is noticed while nothing comes.
_PATIENCE: Final = 0.25
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
        self._comes_more = False

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
        """Read what has come; where a batch is begun or one is appended, what comes within a moment too."""
        if self._is_full():
            return
        self._comes_more = False
        message = self._stream.next(0 if self._gathers() else _PATIENCE)
        if message is not None:
            failpoints.reach("read")
            self._comes_more = True
            self._decoder.feed(message)

    def _gathers(self) -> bool:
        """Let what comes gather in the connection; where nothing is under way there is no reason to."""
        if not self._appending.is_free:
            self._appending.wait(_GATHER)
        elif self._decoder.has_news or self._decoder.is_in_transaction:
            time.sleep(_GATHER if self._is_late() else _GATHER_BRIEFLY)
        else:
            return False
        return True

    def _acknowledge(self, *, wait: bool = False) -> None:
        """Tell the source what has become durable; where the next batch is full already, that is waited for."""
        through = self._appending.ended(wait=wait or self._is_full())
        if through is not None:
            failpoints.reach("acknowledge")
            self._stream.acknowledge(through)

    def _is_full(self) -> bool:
        return self._decoder.rows >= _ROWS or self._decoder.bytes >= _BYTES

    def _is_ready(self) -> bool:
        return self._appending.is_free and (self._is_full() or (self._is_whole() and not self._fills()))

    def _is_whole(self) -> bool:
        return self._decoder.has_news and not self._decoder.is_in_transaction

    def _fills(self) -> bool:
        """Whether more of a backlog is coming for this batch: each costs as much to append as thousands of rows."""
        return self._comes_more and self._is_late() and time.monotonic() - self._started_at < _FILL_SECONDS

    def _is_late(self) -> bool:
        return self._stream.sent_at - self._decoder.committed_at > _LATE_MICROSECONDS

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
