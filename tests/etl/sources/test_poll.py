"""What is found by asking: each change that says when it was made, and everything by comparisons."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Protocol

import psycopg
import pyarrow as pa
import pytest
from psycopg.conninfo import make_conninfo

from etl.changes import Batch, Operation
from etl.sources.faults import SourceGone
from etl.sources.poll.schedule import Pace, Schedule, Work
from etl.sources.poll.source import Poll, Polling
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.sources.recording import rows_of, shape_of

AT = pa.timestamp("us", "UTC")
STAMPED = shape_of("stamped", id=pa.int64(), text=pa.string(), amount=pa.decimal128(14, 2), updated_at=AT)
PLAIN = shape_of("plain", id=pa.int64(), text=pa.string())
# Rounds follow at once; what else a round does is up to the test.
PACE = Pace(dt.timedelta(0), overlap=dt.timedelta(minutes=10), compared=dt.timedelta(0))
RARELY = Pace(dt.timedelta(0), overlap=dt.timedelta(minutes=10), compared=dt.timedelta(days=1))


class Polled:
    """A source, a warehouse, and the feed between them."""

    def __init__(self, url: str, pace: Pace) -> None:
        self.source = Poll(url, [STAMPED, PLAIN], pace)
        self.warehouse = DuckDBWarehouse(":memory:")
        self.warehouse.prepare(self.source.shapes)
        self.connection = psycopg.connect(url, autocommit=True)
        self.feed = self.source.open(self.warehouse)

    def round(self) -> list[Batch]:
        """Deliver a round to its end."""
        batches = []
        while (batch := self.feed.next(0)) is not None:
            self.warehouse.append(batch)
            batches.append(batch)
            if not batch.is_partial:
                break
        return batches

    def begin_again(self) -> None:
        self.feed.close()
        self.feed = self.source.open(self.warehouse)

    def table(self, name: str) -> list[tuple[Any, ...]]:
        expected = self.connection.execute(f"select * from {name} order by id").fetchall()
        found = [tuple(row.values()) for row in self.warehouse.read(name).sort_by("id").to_pylist()]
        assert found == expected
        return found

    def close(self) -> None:
        self.feed.close()
        self.connection.close()
        self.warehouse.close()


class Make(Protocol):
    def __call__(self, pace: Pace = PACE) -> Polled: ...


@pytest.fixture
def made(empty_database: str) -> Iterator[Make]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "create table stamped (id bigint primary key, text text, amount numeric, updated_at timestamptz);"
            "create table plain (id bigint primary key, text text);"
            "insert into stamped select n, 'é' || n, n / 4.0, now() - interval '1 day' from generate_series(1, 50) n;"
            "insert into plain select n, null from generate_series(1, 50) n"
        )
    polled: list[Polled] = []

    def make(pace: Pace = PACE) -> Polled:
        polled.append(Polled(empty_database, pace))
        return polled[-1]

    yield make
    for one in polled:
        one.close()


def changes(batches: list[Batch]) -> list[tuple[str, int, int]]:
    return [(row["table"], row["_op"], row["_key"]) for batch in batches for row in rows_of(batch.changes)]


def test_the_first_round_copies_and_the_next_says_nothing(made: Make) -> None:
    polled = made()
    polled.round()
    assert len(polled.table("stamped")) == len(polled.table("plain")) == 50
    assert set(polled.warehouse.copied()) == {"stamped", "plain"}
    assert polled.round() == []


def test_changes_are_found_once_and_in_order(made: Make) -> None:
    polled = made()
    polled.round()
    polled.connection.execute("insert into stamped values (99, 'new', 1, now())")
    polled.connection.execute("update stamped set text = 'changed', updated_at = now() where id = 7")
    polled.connection.execute("insert into plain values (99, 'new'); update plain set text = 'x' where id = 3")
    polled.connection.execute("delete from plain where id = 5")
    batches = polled.round()
    assert sorted(changes(batches)) == [
        ("plain", Operation.INSERT, 99),
        ("plain", Operation.UPDATE, 3),
        ("plain", Operation.DELETE, 5),
        ("stamped", Operation.INSERT, 99),
        ("stamped", Operation.UPDATE, 7),
    ]
    places = [row["_seq"] for batch in batches for row in rows_of(batch.changes)]
    assert sorted(places) == list(range(5))
    polled.table("stamped")
    polled.table("plain")
    assert polled.round() == []


def test_a_commit_that_is_late_is_found_within_the_overlap(made: Make, empty_database: str) -> None:
    polled = made(RARELY)
    polled.round()
    with psycopg.connect(empty_database) as late:
        late.execute("update stamped set text = 'late', updated_at = now() - interval '9 minutes' where id = 1")
        assert polled.round() == []
    polled.round()
    assert polled.table("stamped")[0][1] == "late"


def test_changes_are_found_after_the_clock_of_the_source_was_set_back(made: Make) -> None:
    polled = made(RARELY)
    hour = dt.timedelta(hours=1) // dt.timedelta(microseconds=1)
    polled.warehouse.append(Batch(int(dt.datetime.now(dt.UTC).timestamp() * 1_000_000) + hour))
    polled.begin_again()
    polled.round()
    polled.connection.execute("update stamped set text = 'changed', updated_at = now() where id = 7")
    assert changes(polled.round()) == [("stamped", Operation.UPDATE, 7)]


def test_what_is_later_than_the_overlap_and_what_is_deleted_is_found_by_keys(made: Make) -> None:
    polled = made(RARELY)
    polled.round()
    polled.connection.execute(
        "update stamped set text = 'too late', updated_at = now() - interval '11 minutes' where id = 1;"
        "delete from stamped where id = 2"
    )
    assert polled.round() == []
    # A start is followed by all comparisons, as the time of the night is.
    polled.begin_again()
    assert sorted(changes(polled.round())) == [("stamped", Operation.UPDATE, 1), ("stamped", Operation.DELETE, 2)]
    polled.table("stamped")


def test_a_change_that_leaves_its_time_is_not_seen(made: Make) -> None:
    polled = made()
    polled.round()
    polled.connection.execute("update stamped set text = 'hidden' where id = 1")
    polled.begin_again()
    assert polled.round() == []


def test_an_end_at_any_batch_loses_and_doubles_nothing(made: Make) -> None:
    polled = made()
    for count in range(8):
        polled.connection.execute("insert into plain values (%s, 'n')", [1000 + count])
        polled.connection.execute("insert into stamped values (%s, 'n', 0, now())", [1000 + count])
        for _ in range(count):
            if (batch := polled.feed.next(0)) is not None:
                polled.warehouse.append(batch)
        polled.begin_again()
    polled.round()
    polled.table("plain")
    polled.table("stamped")
    doubled = "select _key from raw.plain__log where _op = 1 group by _key having count(*) > 1"
    assert polled.warehouse.connection.execute(doubled).fetchall() == []


def test_an_unfit_row_is_a_dead_letter_once_and_is_taken_when_it_fits(made: Make) -> None:
    polled = made()
    polled.round()
    polled.connection.execute("update stamped set amount = 'NaN', updated_at = now() where id = 4")
    letters = [letter for _ in range(3) for batch in polled.round() for letter in batch.dead]
    assert [(letter.table, letter.key, letter.column) for letter in letters] == [("stamped", 4, "amount")]
    polled.connection.execute("update stamped set amount = 5, updated_at = now() where id = 4")
    assert changes(polled.round()) == [("stamped", Operation.UPDATE, 4)]


def test_a_row_whose_time_of_change_is_unfit_is_not_taken_for_deleted(made: Make) -> None:
    polled = made()
    polled.round()
    polled.connection.execute("update stamped set updated_at = 'infinity' where id = 4")
    polled.begin_again()
    batches = polled.round()
    assert changes(batches) == []
    assert [(letter.key, letter.column) for batch in batches for letter in batch.dead] == [(4, "updated_at")]
    assert polled.warehouse.read("stamped").num_rows == 50
    assert polled.round() == []


def test_a_source_that_is_away_is_told(made: Make) -> None:
    with pytest.raises(SourceGone):
        Poll("postgresql://nobody@127.0.0.1:1/none", [PLAIN], PACE).open(made().warehouse)


def test_the_end_of_the_connection_is_told(made: Make, empty_database: str) -> None:
    polled = made()
    polled.round()
    pid = polled.feed._connection.info.backend_pid
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [pid])
    with pytest.raises(psycopg.OperationalError):
        polled.round()
    assert isinstance(polled.feed, Polling)


def test_comparisons_are_due_by_their_times() -> None:
    pace = Pace(dt.timedelta(seconds=5), compared=dt.timedelta(hours=1), keys_at=dt.time(3, 30))
    schedule, noon = Schedule(pace), dt.datetime(2026, 5, 5, 15, 0, tzinfo=dt.UTC)
    assert schedule.seconds_until_due(noon) == 0
    assert schedule.begin(noon) == Work(compares_tables=True, compares_keys=True)
    assert schedule.seconds_until_due(noon + dt.timedelta(seconds=2)) == 3
    assert schedule.seconds_until_due(noon - dt.timedelta(hours=1)) == 0
    assert schedule.begin(noon + dt.timedelta(minutes=59)) == Work(compares_tables=False, compares_keys=False)
    assert schedule.begin(noon + dt.timedelta(minutes=60)) == Work(compares_tables=True, compares_keys=False)
    # Half past three in São Paulo is half past six by UTC.
    night = dt.datetime(2026, 5, 6, 6, 29, tzinfo=dt.UTC)
    assert not schedule.begin(night).compares_keys
    assert schedule.begin(night + dt.timedelta(minutes=1)).compares_keys
    assert not schedule.begin(night + dt.timedelta(hours=12)).compares_keys


def test_rows_that_policies_hide_are_not_taken_for_deleted(made: Make, empty_database: str) -> None:
    polled = made()
    polled.round()
    polled.feed.close()
    polled.connection.execute(
        "create role polls_under_policies login password 'secret';"
        "grant select on stamped, plain to polls_under_policies;"
        "alter table plain enable row level security"
    )
    try:
        polled.source = Poll(
            make_conninfo(empty_database, user="polls_under_policies", password="secret"), [PLAIN], PACE
        )
        polled.feed = polled.source.open(polled.warehouse)
        with pytest.raises((psycopg.errors.InsufficientPrivilege, SourceGone)):
            polled.round()
        assert polled.warehouse.read("plain").num_rows == 50
    finally:
        polled.feed.close()
        polled.connection.execute("drop owned by polls_under_policies; drop role polls_under_policies")
