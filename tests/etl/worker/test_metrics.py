"""What the worker counts, as a scrape sees it."""

import datetime as dt
import time

import httpx
import pyarrow as pa
import pytest

from etl.changes import Batch, Changes, DeadLetter, Heartbeat
from etl.sources.postgres_wal.slot import SlotState
from etl.worker.guard import Exposure
from etl.worker.metrics import Metrics
from etl.worker.reporting import reporting
from etl.worker.standing import Phase, Standing
from tests.etl.worker.working import SHAPES

SHAPE = next(shape for shape in SHAPES if shape.table == "categories")


def changes(*ages: float) -> Changes:
    now = dt.datetime.now(dt.UTC)
    rows = [
        {"_op": 1, "_commit_lsn": 1, "_seq": n, "_unchanged": 0, "_committed_at": now - dt.timedelta(seconds=age)}
        for n, age in enumerate(ages)
    ]
    return Changes("categories", pa.RecordBatch.from_pylist(rows, SHAPE.records))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"gateway_etl_{name}", labels)


def test_changes_dead_letters_and_latency_are_counted() -> None:
    metrics = Metrics(Standing())
    metrics.saw(Batch(7, (changes(0.2, 3.0),), (DeadLetter("orders", 1, 1, 1, "a", "b", b""),)), 0.02)
    assert value(metrics, "changes_total", table="categories") == 2
    assert value(metrics, "dead_letters_total", table="orders") == 1
    assert value(metrics, "append_seconds_sum") == 0.02
    assert 3 <= (value(metrics, "commit_to_queryable_seconds_sum") or 0) < 4
    assert value(metrics, "position_bytes") == 7


def test_the_lag_is_the_age_of_the_newest_change_or_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(Standing())
    later = time.time() + 100
    monkeypatch.setattr(time, "time", lambda: later)
    assert metrics.lag_seconds == pytest.approx(100, abs=2)
    metrics.saw(Batch(8, control=(Heartbeat(8, dt.datetime.fromtimestamp(later - 3, dt.UTC)),)), 0.0)
    assert metrics.lag_seconds == pytest.approx(3, abs=0.1)


def test_a_worker_that_makes_up_for_a_pause_is_as_far_behind_as_the_pause_was_long() -> None:
    metrics = Metrics(Standing())
    metrics.saw(Batch(8, (changes(7200, 3600),)), 0.0)
    assert metrics.lag_seconds == pytest.approx(3600, abs=2)
    metrics.saw(Batch(9, (changes(10),)), 0.0)
    metrics.saw(Batch(10, (changes(20),)), 0.0)
    assert metrics.lag_seconds == pytest.approx(10, abs=2)


def test_what_tells_of_no_commit_has_no_latency() -> None:
    metrics = Metrics(Standing())
    metrics.saw(Batch(8, (changes(time.time() + 1),)), 0.0)
    assert value(metrics, "commit_to_queryable_seconds_count") == 0
    assert metrics.lag_seconds < 60


def test_a_part_of_a_transaction_makes_nothing_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics(Standing())
    later = time.time() + 100
    monkeypatch.setattr(time, "time", lambda: later)
    metrics.saw(Batch(8, (changes(0),), is_partial=True), 0.0)
    assert metrics.lag_seconds > 90


def test_phase_slot_and_duties_are_told() -> None:
    standing = Standing()
    metrics = Metrics(standing)
    standing.enter(Phase.STREAMING)
    metrics.exposed(Exposure(SlotState("pgoutput", True, True, "extended", 40, 0, 5, 60), 100))
    metrics.ran("compaction", 0.5, True)
    metrics.ran("compaction", 0.5, False)
    assert value(metrics, "phase", phase="streaming") == 1
    assert value(metrics, "phase", phase="copying") == 0
    assert (value(metrics, "slot_used_ratio"), value(metrics, "slot_alarm")) == (0.6, 1)
    assert value(metrics, "duty_seconds_count", duty="compaction") == 2
    assert value(metrics, "duty_failures_total", duty="compaction") == 1


def test_metrics_and_status_are_served() -> None:
    standing = Standing()
    metrics = Metrics(standing)
    with reporting(metrics.registry, lambda: {"phase": standing.phase}, "127.0.0.1", 0) as url:
        assert "gateway_etl_lag_seconds" in httpx.get(f"{url}/metrics").text
        assert httpx.get(f"{url}/status").json() == {"phase": "connecting"}
        assert httpx.get(f"{url}/").status_code == 404
