"""Where batches go: into the warehouse, or onto this disk as long as the warehouse can't be reached."""

import datetime as dt
import logging
import threading
import time
from typing import Final

from etl.changes import Batch
from etl.clock import has_passed
from etl.warehouses.interface import Warehouse, WarehouseUnavailable
from etl.worker.appending import Delivered
from etl.worker.spill import Spill

_LOG = logging.getLogger(__name__)
_TRY_AGAIN: Final = dt.timedelta(seconds=2)


class Outlet:
    """Appends in order, and never to the warehouse while earlier batches wait.

    What it has taken is durable, so that the source may forget it: a warehouse that is down for long does not fill the
    source's disk. It is a duty as well, which brings what waits into the warehouse. `delivered` hears of batches that
    are in the warehouse. Without a `spill` nothing waits here.
    """

    name = "spill"

    def __init__(self, warehouse: Warehouse, spill: Spill | None, delivered: Delivered) -> None:
        self._warehouse = warehouse
        self._spill = spill
        self._delivered = delivered
        self._turn = threading.Lock()
        self._is_open = False
        self._is_within = False
        self._restarts = 0
        self._reached = 0
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    @property
    def waiting_bytes(self) -> int:
        """How much waits on this disk."""
        return self._spill.bytes if self._spill else 0

    def open(self, owner: str) -> None:
        """Become the one that writes to the warehouse.

        What waits for a later state of the warehouse than it has goes: its file was set back to an earlier one. The
        position is the warehouse's then, behind what was acknowledged, and the pipeline copies all tables again.
        """
        self._warehouse.fence(owner)
        with self._turn:
            self._reached = self._warehouse.position() or 0
            if self._spill and (self._spill.after or 0) > self._reached:
                _LOG.error("changes that waited for the warehouse do not follow what it has: it was set back")
                self._spill.clear()
        self._is_open, self._is_within = True, False

    def position(self) -> int | None:
        """Return the LSN up to which every commit is durable, in the warehouse or here."""
        with self._turn:
            if self._spill and self._spill.position is not None:
                return self._spill.position
            found = self._warehouse.position()
            self._reached = found or 0
            return found

    def append(self, batch: Batch) -> None:
        """Take a batch in; WarehouseUnavailable when neither the warehouse nor this disk can."""
        with self._turn:
            if self.waiting_bytes or not self._deliver(batch):
                self._keep(batch)

    def restart(self) -> None:
        """Forget the position, and what waits."""
        with self._turn:
            self._restarts += 1
            self._reached = 0
            if self._spill:
                self._spill.clear()
            self._warehouse.restart()

    def due(self, now: dt.datetime) -> bool:
        """Tell whether something waits and the warehouse was not tried a moment ago."""
        return self._is_open and bool(self.waiting_bytes) and has_passed(_TRY_AGAIN, self._last, now)

    def run(self) -> None:
        """Bring what waits into the warehouse, as far as it can be reached."""
        restarts = self._restarts
        while (batch := self._first()) is not None and restarts == self._restarts:
            if not self._deliver(batch):
                self._last = dt.datetime.now(dt.UTC)
                return
            self._drop_first(restarts)

    def _first(self) -> Batch | None:
        with self._turn:
            return self._spill.first() if self._spill else None

    def _drop_first(self, restarts: int) -> None:
        with self._turn:
            if self._spill and restarts == self._restarts:
                self._spill.drop_first()

    def _deliver(self, batch: Batch) -> bool:
        start = time.monotonic()
        try:
            self._warehouse.append(batch)
        except WarehouseUnavailable as error:
            if not self.waiting_bytes:
                _LOG.error("the warehouse can't be reached: %s", error)
            return False
        self._is_within = batch.is_partial
        self._reached = max(self._reached, batch.through)
        self._delivered(batch, time.monotonic() - start)
        return True

    def _keep(self, batch: Batch) -> None:
        if self._is_within and not self.waiting_bytes:
            # The warehouse may forget the transaction's first parts; the source sends all of it again.
            raise WarehouseUnavailable("the warehouse went away within a transaction")
        if self._spill is None:
            raise WarehouseUnavailable("the warehouse can't be reached")
        self._spill.append(batch, self._reached if self._spill.position is None else self._spill.position)
