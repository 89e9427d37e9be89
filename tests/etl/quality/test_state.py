"""Checks of counts, dead letters, freshness and anomalies."""

import datetime as dt
import random
from collections.abc import Iterable

import duckdb
import pytest

from etl.batch.history import History, Kind
from etl.quality.anomalies import check_anomalies, robust_score
from etl.quality.check import Check, Finding, Status, judged
from etl.quality.check import Kind as Subject
from etl.quality.keeping import keep_findings, prepare_results
from etl.quality.state import check_counts, check_dead_letters, check_freshness, check_gaps

NOW = dt.datetime.now(dt.UTC)


def statuses(findings: Iterable[Finding]) -> dict[str, Status]:
    return {finding.check.name: finding.status for finding in findings}


def test_a_table_that_lost_half_of_its_rows_is_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    prepare_results(warehouse)
    (first,) = check_counts(warehouse, ["raw.orders"])
    keep_findings(warehouse, [first], NOW)
    assert (first.status, first.examined) == (Status.PASS, 300)
    warehouse.execute("delete from raw.orders__log where _key > 150")
    assert next(check_counts(warehouse, ["raw.orders"])).status is Status.PASS
    warehouse.execute("delete from raw.orders__log where _key > 149")
    (lost,) = check_counts(warehouse, ["raw.orders"])
    assert (lost.status, lost.detail) == (Status.FAIL, "149 rows, and 300 when it was counted last")
    warehouse.execute("delete from raw.orders__log")
    assert next(check_counts(warehouse, ["raw.orders"])).status is Status.FAIL


def test_an_empty_table_is_no_success(empty: duckdb.DuckDBPyConnection) -> None:
    prepare_results(empty)
    assert statuses(check_counts(empty, ["raw.orders"])) == {"row count raw.orders": Status.EMPTY}
    assert statuses(check_dead_letters(empty, ["orders"])) == {"dead letters raw.orders": Status.EMPTY}


def test_dead_letters_are_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert statuses(check_dead_letters(warehouse, ["orders"])) == {"dead letters raw.orders": Status.PASS}
    warehouse.execute("insert into raw.dead_letter (table_name, reason) values ('orders', 'not a number')")
    (found,) = check_dead_letters(warehouse, ["orders"])
    assert (found.status, found.violations) == (Status.FAIL, 1)


def test_what_is_out_of_date_is_found(own: duckdb.DuckDBPyConnection) -> None:
    history = History(own)
    tables = ["orders", "customers"]
    assert statuses(check_freshness(own, tables, NOW)) == {
        "freshness raw": Status.PASS,
        "freshness marts": Status.EMPTY,
    }
    with history.noted(Kind.MODELS, "schedule") as note:
        note.ended(good=True, rows=1)
    assert statuses(check_freshness(own, tables, NOW))["freshness marts"] is Status.PASS
    late = check_freshness(own, tables, NOW + dt.timedelta(hours=27))
    assert statuses(late) == {"freshness raw": Status.WARN, "freshness marts": Status.FAIL}
    own.execute("update pipeline.run set result = 'failed'")
    assert statuses(check_freshness(own, tables, NOW))["freshness marts"] is Status.EMPTY


def test_days_whose_changes_were_lost_are_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("create table if not exists raw.gap (since timestamptz, until timestamptz)")
    (whole,) = check_gaps(warehouse, ["orders"])
    assert (whole.status, whole.violations, whole.detail) == (Status.PASS, 0, None)
    assert (whole.examined or 0) > 0
    oldest, later = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2126, 3, 1, 2, tzinfo=dt.UTC)
    # Three in the morning in UTC is midnight in São Paulo.
    gaps = [(oldest, oldest), (later, later + dt.timedelta(days=2)), (later, later + dt.timedelta(hours=2))]
    warehouse.executemany("insert into raw.gap values (?, ?)", gaps)
    (found,) = check_gaps(warehouse, ["orders"])
    assert (found.status, found.violations) == (Status.WARN, 3)
    assert found.detail == "2126-02-28 to 2126-03-01, 2126-02-28 to 2126-03-02"


@pytest.mark.parametrize(
    ("value", "others", "score"),
    [
        (10.0, [9.0, 10.0, 11.0, 10.0, 9.0, 11.0], 0.0),
        # Median 10, deviations 1 1 0 0 1 1: MAD 1.
        (14.0, [9.0, 11.0, 10.0, 10.0, 9.0, 11.0], 4 * 0.6745),
        # More than half are equal: MAD is zero, the mean absolute deviation is 1.
        (13.7599, [10.0, 10.0, 10.0, 10.0, 10.0, 16.0], 3.0),
        (11.0, [10.0] * 6, float("inf")),
        (9.0, [10.0] * 6, float("-inf")),
        (10.0, [10.0] * 6, 0.0),
        (10.0, [10.0] * 5, None),
    ],
)
def test_robust_scores(value: float, others: list[float], score: float | None) -> None:
    found = robust_score(value, others)
    assert found == (score if score is None else pytest.approx(score))


@pytest.fixture
def days(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Half a year of orders and contacts, many on Mondays and none on Sundays."""
    chance = random.Random(7)
    empty.execute("create schema core; create schema intermediate")
    today = dt.date(2026, 3, 10)
    empty.execute(f"create view intermediate.int_clock as select date '{today}' as today")
    empty.execute("create table core.fact_orders (order_id bigint, order_date date, total_amount double, is_sale bool)")
    empty.execute("create table core.fact_customer_interactions (interaction_date date)")
    number = 0
    for back in range(1, 190):
        day = today - dt.timedelta(days=back)
        usual = (40, 20, 20, 20, 20, 8, 0)[day.weekday()]
        count = usual and usual + chance.randint(-3, 3)
        rows = [(number + i, day, 100.0 + chance.random(), True) for i in range(count)]
        number += count
        if rows:
            empty.executemany("insert into core.fact_orders values (?, ?, ?, ?)", rows)
            empty.executemany("insert into core.fact_customer_interactions values (?)", [[day]] * len(rows))
    return empty


def test_a_usual_monday_is_no_anomaly(days: duckdb.DuckDBPyConnection) -> None:
    assert set(statuses(check_anomalies(days)).values()) == {Status.PASS}


def test_a_monday_like_a_sunday_is_an_anomaly(days: duckdb.DuckDBPyConnection) -> None:
    days.execute("delete from core.fact_orders where order_date = '2026-03-09' and order_id % 8 > 0")
    found = statuses(check_anomalies(days))
    assert found["anomaly core.fact_orders.orders"] is Status.WARN
    assert found["anomaly core.fact_orders.revenue"] is Status.WARN
    assert found["anomaly core.fact_customer_interactions.interactions"] is Status.PASS


def test_a_day_without_any_is_an_anomaly(days: duckdb.DuckDBPyConnection) -> None:
    days.execute("delete from core.fact_customer_interactions where interaction_date = '2026-03-09'")
    assert statuses(check_anomalies(days))["anomaly core.fact_customer_interactions.interactions"] is Status.WARN


def test_too_few_weeks_are_nothing_to_look_at(days: duckdb.DuckDBPyConnection) -> None:
    days.execute("delete from core.fact_orders where order_date < '2026-02-09'")
    assert statuses(check_anomalies(days))["anomaly core.fact_orders.orders"] is Status.EMPTY
    days.execute("delete from core.fact_orders")
    assert statuses(check_anomalies(days))["anomaly core.fact_orders.orders"] is Status.EMPTY


def test_up_to_a_number_of_violations_is_tolerated() -> None:
    check = Check(Subject.RANGE, "raw.orders", "total", tolerated=2)
    assert [judged(check, 10, count).status for count in (2, 3)] == [Status.PASS, Status.FAIL]
