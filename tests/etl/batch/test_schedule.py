"""Jobs by the clock."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator

import duckdb
import pytest

from etl.batch.history import History, Kind
from etl.batch.jobs import Jobs, Tell, Words
from etl.batch.schedule import ZONE, Plan, Scheduled, Times, daily, every

HOURLY = every(60)


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


@pytest.fixture
def history() -> Iterator[History]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield History(connection)


class Job:
    """A job that succeeds or fails as it is told, and counts."""

    def __init__(self, history: History) -> None:
        self.history, self.is_good, self.runs = history, True, 0

    def __call__(self, arguments: Words, _tell: Tell) -> Words:
        self.runs += 1
        with self.history.noted(Kind.MODELS, arguments["origin"]) as note:
            note.ended(good=self.is_good, rows=3)
        return {"good": self.is_good}


def scheduled(job: Job, times: Times = HOURLY, is_ready: Callable[[], bool] = lambda: True) -> Scheduled:
    return Scheduled(Plan("models", Kind.MODELS, times, is_ready), Jobs({"models": job}), job.history)


@pytest.mark.parametrize(
    ("minutes", "now", "last"),
    [
        (60, at(5, 14, 59), at(5, 14)),
        (15, at(5, 14, 59), at(5, 14, 45)),
        (60, at(5, 0, 0), at(5, 0)),
        (1440, at(5, 23, 59), at(5, 0)),
        # 02:30 UTC is the day before in São Paulo.
        (1440, dt.datetime(2026, 3, 5, 2, 30, tzinfo=dt.UTC), at(4, 0)),
    ],
)
def test_times_are_counted_from_midnight_of_sao_paulo(minutes: int, now: dt.datetime, last: dt.datetime) -> None:
    assert every(minutes)(now) == last


def test_a_daily_time_is_yesterdays_before_it_comes() -> None:
    assert daily(dt.time(3, 30))(at(5, 3, 29)) == at(4, 3, 30)
    assert daily(dt.time(3, 30))(at(5, 3, 30)) == at(5, 3, 30)


def test_a_job_is_done_once_for_each_time(history: History) -> None:
    job = Job(history)
    duty = scheduled(job)
    now = dt.datetime.now(dt.UTC)
    assert duty.due(now)
    duty.run()
    assert not duty.due(dt.datetime.now(dt.UTC))
    assert duty.due(now + dt.timedelta(hours=1))


def test_a_pause_of_days_is_made_up_by_one_run(history: History) -> None:
    job = Job(history)
    scheduled(job).run()
    history._connection.execute("update pipeline.run set started_at = started_at - interval 5 day")
    duty = scheduled(job)
    assert duty.due(dt.datetime.now(dt.UTC))
    duty.run()
    assert not duty.due(dt.datetime.now(dt.UTC))
    assert job.runs == 2


def test_a_new_worker_knows_what_the_last_one_did(history: History) -> None:
    job = Job(history)
    scheduled(job, times=daily(dt.time(0))).run()
    assert not scheduled(job, times=daily(dt.time(0))).due(dt.datetime.now(dt.UTC))


def test_a_job_is_done_again_where_the_last_run_was_by_a_clock_that_was_ahead(history: History) -> None:
    job = Job(history)
    scheduled(job).run()
    history._connection.execute("update pipeline.run set started_at = started_at + interval 5 day")
    duty = scheduled(job)
    assert duty.due(dt.datetime.now(dt.UTC))
    duty.run()
    assert not duty.due(dt.datetime.now(dt.UTC))


def test_a_failed_job_is_tried_again_after_a_while(history: History) -> None:
    job = Job(history)
    job.is_good = False
    duty = scheduled(job, times=daily(dt.time(0)))
    duty.run()
    now = dt.datetime.now(dt.UTC)
    assert not duty.due(now + dt.timedelta(minutes=14))
    assert duty.due(now + dt.timedelta(minutes=16))


def test_a_job_waits_until_it_can_be_done(history: History) -> None:
    ready = threading.Event()
    duty = scheduled(Job(history), is_ready=ready.is_set)
    assert not duty.due(dt.datetime.now(dt.UTC))
    ready.set()
    assert duty.due(dt.datetime.now(dt.UTC))


def test_the_history_tells_what_ran_and_how_it_ended(history: History) -> None:
    with history.noted(Kind.CHECKS, "command") as note:
        note.ended(good=True, rows=12, detail="all good")
    with pytest.raises(ZeroDivisionError), history.noted(Kind.MODELS, "schedule"):
        raise ZeroDivisionError("a value of a row")
    found = history._connection.execute(
        "select kind, origin, result, rows, detail, ended_at >= started_at from pipeline.run order by started_at"
    ).fetchall()
    assert found == [
        ("checks", "command", "good", 12, "all good", True),
        ("models", "schedule", "failed", None, "ZeroDivisionError", True),
    ]
    assert history.last_start(Kind.MODELS) is None


def test_jobs_go_on_after_the_clock_was_ahead_for_a_while(history: History) -> None:
    job = Job(history)
    duty = scheduled(job)
    duty.run()
    a_year = dt.timedelta(days=365)
    # As after a run while the clock was a year ahead.
    history._connection.execute("update pipeline.run set started_at = started_at + interval 365 day")
    for one in (scheduled(job), duty):
        one._last_good = one._last_good and one._last_good + a_year
        one._last_try = one._last_try and one._last_try + a_year
        assert one.due(dt.datetime.now(dt.UTC))
        one.run()
        assert not one.due(dt.datetime.now(dt.UTC))
    assert not scheduled(job).due(dt.datetime.now(dt.UTC))
