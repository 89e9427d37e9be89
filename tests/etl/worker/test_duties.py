"""Duties: each in its turn, and none of them in the way of another."""

import datetime as dt
import threading

from etl.changes import Batch
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.compaction import Compaction
from etl.worker.duties import Roster
from tests.etl.worker.test_metrics import changes
from tests.servers import wait_until

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Counting:
    def __init__(self, name: str, *, fails: bool = False) -> None:
        self.name = name
        self.runs = 0
        self._fails = fails

    def due(self, now: dt.datetime) -> bool:
        return self.runs < 3

    def run(self) -> None:
        self.runs += 1
        if self._fails:
            raise RuntimeError


def test_a_duty_that_fails_stops_no_other() -> None:
    stop, good, bad = threading.Event(), Counting("good"), Counting("bad", fails=True)
    told: list[tuple[str, bool]] = []
    roster = Roster([bad, good], stop, lambda name, _, is_good: told.append((name, is_good)))
    roster.start()
    wait_until("the good one ran three times", lambda: good.runs == 3)
    stop.set()
    roster.join(30)
    assert told.count(("good", True)) == 3
    assert ("bad", False) in told
    assert ("bad", True) not in told


class Compacting(DuckDBWarehouse):
    """A warehouse that notes what is compacted."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.compacted: list[str] = []
        self.fails = False

    def compact(self, table: str) -> None:
        if self.fails:
            raise OSError
        self.compacted.append(table)


def test_a_table_is_compacted_after_enough_rows_or_enough_time() -> None:
    warehouse = Compacting()
    duty = Compaction(warehouse, ())
    assert not duty.due(START)
    duty.saw(Batch(1, (changes(0),)))
    duty.run()
    now = dt.datetime.now(dt.UTC)
    assert warehouse.compacted == ["categories"]
    assert not duty.due(now + dt.timedelta(seconds=6))
    duty.saw(Batch(1, (changes(0),)))
    assert not duty.due(now)
    assert duty.due(now + dt.timedelta(seconds=6))
    for _ in range(20):
        duty.saw(Batch(2, (changes(*[0.0] * 1000),)))
    assert duty.due(now)


def test_what_could_not_be_compacted_is_compacted_later() -> None:
    warehouse = Compacting()
    duty = Compaction(warehouse, ["orders"])
    warehouse.fails = True
    try:
        duty.run()
    except OSError:
        warehouse.fails = False
    duty.run()
    assert warehouse.compacted == ["orders"]
