"""A feed goes on through every fault of its source, from where the warehouse stands."""

import threading
import time
from collections.abc import Sequence

import pyarrow as pa
import pytest

from etl.changes import Batch, TableShape
from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.interface import Landed
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.feeding import Feeding
from etl.worker.standing import Phase
from tests.etl.sources.recording import shape_of
from tests.servers import wait_until

THINGS = shape_of("things", id=pa.int64())


class Counting:
    """A source whose feed gives the next position, and fails once at some of them."""

    shapes: Sequence[TableShape] = (THINGS,)

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.acknowledged: list[int] = []
        self.closed = 0
        self._position = 0

    def open(self, landed: Landed) -> "Counting":
        self._position = landed.position() or 0
        return self

    def next(self, seconds: float) -> Batch:
        time.sleep(0.005)
        if self.faults and self._position % 3 == 2:
            raise self.faults.pop()
        self._position += 1
        return Batch(self._position)

    def acknowledge(self, position: int) -> None:
        self.acknowledged.append(position)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("fault", [SourceGone("the source went away"), ChangesLost("changes are gone")])
def test_faults_are_told_and_the_feed_goes_on_behind_what_is_durable(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, warehouse, stop = Counting(fault), DuckDBWarehouse(":memory:"), threading.Event()
    warehouse.prepare(source.shapes)
    heard: list[int] = []
    feeding = Feeding(source, warehouse, lambda batch, _: heard.append(batch.through))
    faults: list[str] = []
    monkeypatch.setattr(feeding.standing, "fail", faults.append)
    thread = threading.Thread(target=feeding.run, args=[stop], daemon=True)
    thread.start()
    wait_until("it goes on", lambda: (warehouse.position() or 0) > 5)
    stop.set()
    thread.join(60)
    assert faults == [str(fault)]
    assert feeding.standing.phase is Phase.STOPPED
    assert source.closed == 2
    # Nothing is left out and nothing given twice.
    assert heard == source.acknowledged == list(range(1, len(heard) + 1))
    warehouse.close()
