"""One source that isn't PostgreSQL's own log joined to one warehouse."""

import contextlib
import os
import socket
import threading
import time
from typing import Final

from etl.changes import Batch
from etl.sources.interface import Feed, Source
from etl.warehouses.interface import Warehouse
from etl.worker import failpoints
from etl.worker.appending import Delivered
from etl.worker.retrying import keep_running
from etl.worker.standing import Phase, Standing

_PATIENCE: Final = 0.25


class Feeding:
    """Runs until it is told to stop, through every fault of the source. `delivered` hears of each batch."""

    def __init__(self, source: Source, warehouse: Warehouse, delivered: Delivered) -> None:
        self.standing = Standing()
        self._source = source
        self._warehouse = warehouse
        self._delivered = delivered
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"

    def run(self, stop: threading.Event) -> None:
        """Keep the warehouse fed. Faults are noted in `standing` and tried again after growing pauses."""
        keep_running(self._run, self.standing, stop)

    def _run(self, stop: threading.Event) -> None:
        with self._opened() as feed:
            while not stop.is_set():
                batch = feed.next(_PATIENCE)
                if batch is not None:
                    self._deliver(feed, batch)

    def _opened(self) -> contextlib.closing[Feed]:
        self._warehouse.fence(self._owner)
        feed = self._source.open(self._warehouse)
        self.standing.enter(Phase.STREAMING)
        return contextlib.closing(feed)

    def _deliver(self, feed: Feed, batch: Batch) -> None:
        failpoints.reach("buffer")
        start = time.monotonic()
        self._warehouse.append(batch)
        failpoints.reach("acknowledge")
        feed.acknowledge(batch.through)
        self._delivered(batch, time.monotonic() - start)
