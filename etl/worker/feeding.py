"""One source that isn't PostgreSQL's own log joined to one warehouse."""

import contextlib
import os
import socket
import threading
import time
from typing import Final

import psycopg

from etl.changes import Batch
from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.interface import Feed, Source
from etl.warehouses.interface import Fenced, Warehouse, WarehouseUnavailable
from etl.worker import failpoints
from etl.worker.appending import Delivered
from etl.worker.standing import Phase, Standing

_PATIENCE: Final = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0


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
        pause = _FIRST_PAUSE
        while not stop.is_set():
            try:
                self._run(stop)
            except (SourceGone, ChangesLost, Fenced, WarehouseUnavailable, psycopg.Error) as error:
                pause = _FIRST_PAUSE if self.standing.phase is Phase.STREAMING else min(2 * pause, _LONGEST_PAUSE)
                self.standing.fail(_reason(error))
                stop.wait(pause)
        self.standing.enter(Phase.STOPPED)

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


def _reason(error: Exception) -> str:
    """Return why a source ended, in words that quote no rows."""
    if isinstance(error, psycopg.Error):
        return error.diag.message_primary or f"the connection to the source ended ({type(error).__name__})"
    return str(error)
