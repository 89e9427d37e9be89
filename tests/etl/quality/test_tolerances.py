"""Violations that are known: how they are written, and what becomes of findings."""

import duckdb
import pytest

from etl.quality.check import Check, Finding, Kind, Severity, Status, judged, tolerating
from etl.quality.checking import Checking
from etl.quality.rows import check_rows
from etl.quality.tolerances import tolerable_checks, tolerance
from schema.entities.order import Order

CHECK = Check(Kind.RANGE, "raw.orders", "total")
TEST = Check(Kind.MODEL_TEST, "orders_are_paid")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("range raw.orders.total=12", ("range raw.orders.total", 12)),
        (" gap raw = 3 ", ("gap raw", 3)),
        ("model test orders_are_paid=0", ("model test orders_are_paid", 0)),
    ],
)
def test_a_check_and_a_number(text: str, read: tuple[str, int]) -> None:
    assert tolerance(text) == read


@pytest.mark.parametrize(
    "text", ["", "gap raw", "gap raw=", "gap raw=-1", "gap raw=1.5", "gap raw=many", "gap raw=٣", "gap raw=²"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no CHECK=NUMBER such as"):
        tolerance(text)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("range raw.order.total", "range raw.orders.total"),
        ("not null raw.orders.totals", "not null raw.orders.total"),
        # It does not count: it holds or it doesn't.
        ("schema raw.orders", "dead letters raw.orders"),
    ],
)
def test_a_check_that_there_is_not_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{nearest}'"):
        tolerance(f"{name}=1")


def test_every_name_that_can_be_tolerated_is_one_of_a_finding(own: duckdb.DuckDBPyConnection) -> None:
    own.execute("create table if not exists raw.gap (since timestamptz, until timestamptz)")
    found = {finding.check.name for finding in Checking(own).run()}
    names = [check.name for check in tolerable_checks() if check.kind is not Kind.RECONCILIATION]
    assert len(names) > 100
    assert set(names) <= found


@pytest.mark.parametrize(
    ("violations", "tolerated", "status"),
    [(3, 3, Status.PASS), (4, 3, Status.FAIL), (0, 3, Status.PASS), (1, 0, Status.FAIL)],
)
def test_up_to_a_number_of_violations_is_known(violations: int, tolerated: int, status: Status) -> None:
    found = tolerating(judged(CHECK, 10, violations), tolerated)
    assert (found.status, found.violations, found.tolerated) == (status, violations, tolerated)


@pytest.mark.parametrize("status", [Status.EMPTY, Status.ERROR])
def test_nothing_examined_is_not_made_a_success(status: Status) -> None:
    assert tolerating(Finding(CHECK, status, violations=0), 3).status is status


def test_what_was_not_counted_is_not_known() -> None:
    assert tolerating(Finding(TEST, Status.FAIL), 3).status is Status.FAIL


def test_a_share_of_what_was_examined_is_tolerated() -> None:
    check = Check(Kind.RANGE, "raw.orders", "total", Severity.WARN, tolerated_share=0.001)
    found = [judged(check, examined, 1) for examined in (999, 1000)]
    assert [(one.status, one.tolerated) for one in found] == [(Status.WARN, 0), (Status.PASS, 1)]


@pytest.mark.parametrize(("late", "status"), [(1, Status.PASS), (2, Status.WARN)])
def test_one_moment_in_a_thousand_may_be_before_the_one_that_it_follows(
    empty: duckdb.DuckDBPyConnection, late: int, status: Status
) -> None:
    empty.execute(f"""
    create or replace view raw.orders as
    select i as id, timestamptz '2026-01-02' as order_date,
      timestamptz '2026-01-02' - to_hours((i < {late})::int) as shipped_at,
      kept.* exclude (id, order_date, shipped_at)
    from range(1000) r(i) left join raw.orders__base kept on false
    """)
    shipped = next(one for one in check_rows(empty, Order) if one.check.column == "shipped_at")
    assert (shipped.status, shipped.violations, shipped.tolerated) == (status, late, 1)


def test_tolerated_violations_pass_and_are_kept_with_the_result(own: duckdb.DuckDBPyConnection) -> None:
    own.execute("create table if not exists raw.gap (since timestamptz, until timestamptz)")
    own.execute("update raw.orders__log set total = -1 where _key <= 2")
    for tolerated, status in ((2, "pass"), (1, "fail")):
        Checking(own, tolerances={CHECK.name: tolerated}).run()
        (kept,) = own.execute(
            "select status, violations, tolerated from pipeline.check_result where check_name = ?"
            " order by checked_at desc limit 1",
            [CHECK.name],
        ).fetchall()
        assert kept == (status, 2, tolerated)


def test_a_test_that_there_is_not_is_told(own: duckdb.DuckDBPyConnection) -> None:
    own.execute("create schema if not exists marts; create table if not exists marts.sales as select 1 as n")
    own.execute("create schema if not exists intermediate; create schema if not exists core")
    checking = Checking(
        own,
        test_models=lambda: [Finding(TEST, Status.FAIL, violations=2)],
        tolerances={TEST.name: 2, "model test x": 1},
    )
    found = {one.check.name: one for one in checking.run() if one.check.kind is Kind.MODEL_TEST}
    assert found[TEST.name].status is Status.PASS
    assert (found["model test x"].status, found["model test x"].detail) == (
        Status.ERROR,
        "its violations are tolerated, but there is no such test",
    )
