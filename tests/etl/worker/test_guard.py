"""What a slot costs its source, and when that is an alarm."""

import datetime as dt
import logging

import psycopg
import pytest

from etl.sources.postgres_wal.slot import NewSlot, SlotState
from etl.worker.guard import Exposure, SlotGuard, exposure
from tests.etl.worker.working import forget, source_of

NOW = dt.datetime.now(dt.UTC)


def state(kept: int, status: str = "reserved") -> SlotState:
    return SlotState("pgoutput", True, True, status, 100 - kept, 0, kept, kept)


@pytest.mark.parametrize(
    ("found", "used", "alarm"),
    [
        (Exposure(None, 100), 0.0, None),
        (Exposure(state(49), 100), 0.49, None),
        (Exposure(state(50), 100), 0.5, "keeps 50%"),
        (Exposure(state(130, "unreserved"), 100), 1.0, "keeps 100%"),
        (Exposure(state(0, "lost"), 100), 1.0, "is lost"),
        (Exposure(state(10), None), 0.0, "max_slot_wal_keep_size is not set"),
    ],
)
def test_half_of_what_may_be_kept_is_an_alarm(found: Exposure, used: float, alarm: str | None) -> None:
    assert found.used == used
    assert (found.alarm is None) if alarm is None else (alarm in str(found.alarm))


def test_a_slot_that_nobody_reads_keeps_log(migrated_database: str) -> None:
    source = source_of(migrated_database)
    with NewSlot(source.url, source.slot), psycopg.connect(source.url, autocommit=True) as connection:
        before = exposure(connection, source.slot)
        connection.execute("select pg_logical_emit_message(true, 'tests', repeat('x', 1000000))")
        after = exposure(connection, source.slot)
    assert before.slot is not None
    assert after.slot is not None
    assert (after.slot.kept_bytes or 0) - (before.slot.kept_bytes or 0) > 1_000_000
    # The embedded PostgreSQL has a limit.
    assert after.limit == 4 * 2**30
    assert after.alarm is None
    forget(source)


def test_the_guard_tells_every_ten_seconds_and_raises_an_alarm_once(
    migrated_database: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Exposure] = []
    guard = SlotGuard(source_of(migrated_database), told.append)
    assert guard.due(NOW)
    kept = iter([60, 70, 10, 80])
    monkeypatch.setattr("etl.worker.guard.exposure", lambda *_: Exposure(state(next(kept)), 100))
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            guard.run()
    assert [round(found.used, 1) for found in told] == [0.6, 0.7, 0.1, 0.8]
    assert len(caplog.records) == 2
    now = dt.datetime.now(dt.UTC)
    assert not guard.due(now)
    assert guard.due(now + dt.timedelta(seconds=11))
