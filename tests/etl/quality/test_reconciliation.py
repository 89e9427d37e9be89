"""Source and warehouse compared at one LSN, with a worker between them."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from etl.quality.check import Finding, Status
from etl.quality.reconciliation import RANGE, check_reconciliation
from tests.etl.worker.working import SHAPES, Work, working

PRODUCT = """
insert into suppliers (name, cnpj, type, status) values ('maker', '11222333000181', 'manufacturer', 'active');
insert into products (sku, name, manufacturer_id, status, is_generic)
select 'S' || n, 'Dipirona ção ' || n, 1, 'active', mod(n, 2) = 0 from generate_series(1, 200) n;
insert into pricing (product_id, price, effective_from, effective_to)
select n, n + 0.10, now() - interval '1 day' * n, case when mod(n, 3) = 0 then now() end from generate_series(1, 200) n;
"""


FAULTS = (
    "update raw.pricing__log set price = price + 0.01 where _key = 7",
    "update raw.pricing__log set effective_to = null where _key = 9",
    "update raw.pricing__log set effective_from = effective_from + interval 1 microsecond where _key = 8",
    "update raw.pricing__log set product_id = 6 where _key = 5",
    "delete from raw.pricing__log where _key = 7; delete from raw.pricing__base where id = 7",
    "insert into raw.pricing__log by name select * replace (999 as _key, 999 as id) from raw.pricing__log limit 1",
    "update raw.pricing__log set price = (select price from raw.pricing where id = 4) where _key = 3",
)


@pytest.fixture
def work(migrated_database: str, tmp_path: Path) -> Iterator[Work]:
    with working(migrated_database, tmp_path / "w.duckdb") as made:
        made.execute(PRODUCT)
        made.caught_up()
        yield made


def compared(work: Work) -> dict[str, Finding]:
    found = check_reconciliation(work.source, work.warehouse.connection, SHAPES, work.warehouse.position)
    return {finding.check.table: finding for finding in found}


def test_tables_in_step_pass_and_empty_ones_do_not(work: Work) -> None:
    found = compared(work)
    passed = {table for table, finding in found.items() if finding.status is Status.PASS}
    assert passed == {"raw.suppliers", "raw.products", "raw.pricing"}
    assert {finding.status for table, finding in found.items() if table not in passed} == {Status.EMPTY}
    assert found["raw.products"].examined == 200


def test_planted_differences_are_found_and_told_by_their_range(work: Work) -> None:
    cursor = work.warehouse.connection.cursor()
    cursor.execute("create table right_log as from raw.pricing__log; create table right_base as from raw.pricing__base")
    for fault in FAULTS:
        cursor.execute(fault)
        found = compared(work)
        assert (found["raw.pricing"].status, found["raw.pricing"].violations) == (Status.FAIL, 1), fault
        assert f"keys 0..{RANGE - 1} (200 rows, here" in (found["raw.pricing"].detail or "")
        assert found["raw.products"].status is Status.PASS
        for part in ("log", "base"):
            cursor.execute(f"delete from raw.pricing__{part}; insert into raw.pricing__{part} from right_{part}")
    assert compared(work)["raw.pricing"].status is Status.PASS


def test_the_comparison_is_exact_while_rows_are_written(work: Work) -> None:
    stop, writes = threading.Event(), itertools.count()

    def write() -> None:
        with psycopg.connect(work.source.url, autocommit=True) as connection:
            while not stop.is_set():
                number = next(writes)
                connection.execute("update pricing set price = price + 1 where id = %s", [1 + number % 150])
                connection.execute("delete from pricing where id = %s", [151 + number % 50])
                connection.execute("insert into pricing (product_id, price, effective_from) values (1, 1, now())")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(4):
            before = next(writes)
            found = compared(work)["raw.pricing"]
            assert (found.status, found.detail) == (Status.PASS, None)
        assert next(writes) > before
    finally:
        stop.set()
        thread.join()


def test_what_the_base_has_alone_is_compared_too(work: Work) -> None:
    for table in ("suppliers", "products", "pricing"):
        work.warehouse.compact(table)
    work.warehouse.connection.cursor().execute("delete from raw.products__log where _key < 100")
    assert compared(work)["raw.products"].status is Status.PASS


def test_a_truncated_table_is_empty_on_both_sides(work: Work) -> None:
    work.execute("truncate pricing")
    assert compared(work)["raw.pricing"].status is Status.EMPTY
    work.execute("insert into pricing (product_id, price, effective_from) values (1, 1, now())")
    assert compared(work)["raw.pricing"].examined == 1


def test_a_warehouse_that_stays_behind_is_no_success(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.quality.reconciliation._PATIENCE", 0.2)
    found = list(check_reconciliation(work.source, work.warehouse.connection, SHAPES, lambda: 0))
    assert {finding.status for finding in found} == {Status.ERROR}
    assert "is its worker running?" in (found[0].detail or "")


def test_a_source_that_gives_no_slot_is_a_finding_of_each_table(work: Work) -> None:
    gone = replace(work.source, url=make_conninfo(work.source.url, dbname="nowhere"))
    found = list(check_reconciliation(gone, work.warehouse.connection, SHAPES, work.warehouse.position))
    assert [finding.check.table for finding in found] == [f"raw.{shape.table}" for shape in SHAPES]
    assert {finding.status for finding in found} == {Status.ERROR}
