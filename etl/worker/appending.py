"""Appending in a thread of its own, one batch at a time, so that the next one is read and decoded meanwhile."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Protocol, Self

from etl.changes import Batch
from etl.worker import failpoints

Delivered = Callable[[Batch, float], None]
"""Hears, in the appending thread, of a batch that is in the warehouse, and how many seconds appending it took."""


class Appendable(Protocol):
    """A warehouse, or what stands before one."""

    def append(self, batch: Batch) -> None:
        """Take a batch in, durably."""


class Appending:
    """At most one batch is under way. `seconds` is how long the last one took."""

    def __init__(self, warehouse: Appendable, delivered: Delivered) -> None:
        self.seconds = 0.0
        self._warehouse = warehouse
        self._delivered = delivered
        self._pool = ThreadPoolExecutor(1, "append")
        self._running: Future[int] | None = None

    @property
    def is_free(self) -> bool:
        """Whether a batch can be started."""
        return self._running is None

    def start(self, batch: Batch) -> None:
        """Append a batch; only when it is free."""
        failpoints.reach("buffer")
        self._running = self._pool.submit(self._append, batch)

    def wait(self, seconds: float) -> None:
        """Wait for the end of what is under way, no longer than this."""
        if self._running is not None:
            wait([self._running], seconds)

    def ended(self, *, wait: bool = False) -> int | None:
        """Return the position that has become durable since the last call; raise what the append raised.

        None while an append runs, unless it is waited for, and where there was none.
        """
        if self._running is None or not (wait or self._running.done()):
            return None
        running, self._running = self._running, None
        return running.result()

    def _append(self, batch: Batch) -> int:
        start = time.monotonic()
        self._warehouse.append(batch)
        self.seconds = time.monotonic() - start
        self._delivered(batch, self.seconds)
        return batch.through

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nobody else may append before this has ended.
        self._pool.shutdown()
