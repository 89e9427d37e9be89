"""Exports: whole or not at all, and without personal data unless it is asked for."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import duckdb
import pyarrow.parquet as pq
import pytest
import requests

from etl.batch.exports import ExportJob, is_personal
from etl.batch.history import History
from etl.batch.jobs import JobRefused, Words
from etl.models.staging import PROJECT
from etl.warehouses.tables import DuckDBTables


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        made.execute("set timezone = 'UTC'; create schema marts; create schema core; create schema raw")
        made.execute(
            "create table marts.customer_360 as select n as customer_id, n * 1.25::decimal(9, 2) as revenue,"
            " timestamptz '2026-03-05 12:00:00+00' as at_last from range(250000) r(n)"
        )
        made.execute("create table core.dim_customers (customer_id bigint, cnpj varchar, email__text varchar)")
        made.execute("insert into core.dim_customers values (1, 'secret', 'secret')")
        made.execute(
            "create table core.fact_orders as select n as order_id, date '2026-03-01' + (n % 7)::int as day"
            " from range(1000) r(n)"
        )
        made.execute("create table raw.orders__pending (id bigint)")
        yield made


@pytest.fixture
def job(connection: duckdb.DuckDBPyConnection) -> ExportJob:
    return ExportJob([DuckDBTables(connection)], History(connection))


def export(job: ExportJob, name: str, to: Path, **more: str | bool) -> Words:
    return job({"name": name, "to": str(to), **more}, print)


def test_a_mart_is_written_with_its_types(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    outcome = export(job, "customer_360", tmp_path / "out.parquet")
    assert outcome == {
        "to": str(tmp_path / "out.parquet"),
        "rows": 250_000,
        "table": "marts.customer_360",
        "left_out": [],
    }
    back = connection.sql(f"select * from '{tmp_path / 'out.parquet'}' except all from marts.customer_360").fetchall()
    assert back == []
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out.parquet")}
    assert types["at_last"] == "timestamp[us, tz=UTC]"
    assert types["revenue"].startswith("decimal128(")


def test_a_folder_gets_a_file_of_the_tables_name_and_a_file_is_replaced(job: ExportJob, tmp_path: Path) -> None:
    for _ in range(2):
        assert export(job, "core.fact_orders", tmp_path)["to"] == str(tmp_path / "fact_orders.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["fact_orders.parquet"]


def test_personal_columns_leave_only_when_asked_for_and_it_is_noted(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    outcome = export(job, "dim_customers", tmp_path / "a.parquet")
    assert outcome["left_out"] == ["cnpj", "email__text"]
    assert b"secret" not in (tmp_path / "a.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "a.parquet").names == ["customer_id"]
    assert export(job, "dim_customers", tmp_path / "b.parquet", personal=True)["left_out"] == []
    assert pq.read_schema(tmp_path / "b.parquet").names == ["customer_id", "cnpj", "email__text"]
    noted = connection.execute("select kind, result, rows, detail from pipeline.run order by started_at").fetchall()
    assert noted == [
        ("export", "good", 1, "core.dim_customers"),
        ("export", "good", 1, "core.dim_customers with cnpj with email__text"),
    ]


def test_whatever_a_model_marks_as_personal_stays() -> None:
    text = "\n".join(path.read_text() for path in (PROJECT / "models").rglob("*.yml"))
    marked = set(
        re.findall(r"name: (\w+)(?:,[^{}\n]*|\n[^\n]*description[^\n]*\n\s*)config: \{meta: \{personal: true\}\}", text)
    )
    assert {"cnpj", "email", "phone"} <= marked
    assert text.count("personal: true") >= len(marked)
    assert all(is_personal("staging.stg_customers", column) for column in marked)
    assert not is_personal("core.dim_customers", "customer_id")


def test_bytes_of_unread_rows_and_columns_that_nobody_declares_stay(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("create table raw.dead_letter as select 'orders' as table_name, 'secret'::blob as raw")
    connection.execute("create table raw.orders__log as select 1 as _op, 7 as _key, 7 as id, 'secret' as dropped")
    connection.execute("alter table raw.orders__log add column total__was_bigint bigint")
    assert export(job, "dead_letter", tmp_path / "a.parquet")["left_out"] == ["raw"]
    assert export(job, "orders__log", tmp_path / "b.parquet")["left_out"] == ["dropped"]
    assert pq.read_schema(tmp_path / "b.parquet").names == ["_op", "_key", "id", "total__was_bigint"]


def test_partitions_are_folders_that_are_read_as_one_table(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    target = tmp_path / "orders"
    assert export(job, "fact_orders", target, partition="day")["rows"] == 1000
    assert len(list(target.glob("day=2026-03-0*/*.parquet"))) == 7
    read = f"select order_id, day from read_parquet('{target}/**/*.parquet', hive_partitioning = true)"
    assert connection.sql(f"{read} except all from core.fact_orders").fetchall() == []
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]
    with pytest.raises(JobRefused, match="is there already"):
        export(job, "fact_orders", target, partition="day")


@pytest.mark.parametrize(
    ("name", "more", "reason"),
    [
        ("no_such", {}, r"there is no no_such in the warehouse: name one of marts.customer_360, core.dim_customers"),
        ("raw.orders__pending", {}, "there is no raw.orders__pending"),
        ("pipeline.run", {}, "there is no pipeline.run"),
        ("fact_orders; drop table x", {}, "there is no fact_orders; drop"),
        ("fact_orders", {"partition": "nothing"}, "no column nothing to partition by: order_id, day"),
        ("customer_360", {"partition": "customer_id"}, "customer_id has 250,000 values"),
        ("dim_customers", {"partition": "cnpj"}, "no column cnpj"),
    ],
)
def test_what_can_not_be_exported_is_refused_with_the_reason(
    job: ExportJob, tmp_path: Path, name: str, more: dict[str, str], reason: str
) -> None:
    with pytest.raises(JobRefused, match=reason):
        export(job, name, tmp_path / "new", **more)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_what_was_there(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    target = tmp_path / "fact_orders.parquet"
    export(job, "fact_orders", target)
    before = target.read_bytes()
    connection.execute("drop table core.fact_orders")
    connection.execute("create view core.fact_orders as select error('a value') as order_id from range(9)")
    with pytest.raises(duckdb.Error):
        export(job, "fact_orders", target)
    assert (target.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (before, ["fact_orders.parquet"])
    with pytest.raises(JobRefused, match="there is no folder"):
        export(job, "customer_360", Path("/no/such/folder/x.parquet"))
    with pytest.raises(JobRefused, match="no absolute path"):
        export(job, "customer_360", Path("x.parquet"))


def test_an_empty_table_makes_an_empty_folder(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("delete from core.fact_orders")
    assert export(job, "core.fact_orders", tmp_path / "orders", partition="day")["rows"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


def test_rows_that_can_not_be_read_are_no_fault_of_the_target(
    job: ExportJob, connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> NoReturn:
        raise requests.ConnectionError("BigQuery is away")

    monkeypatch.setattr(DuckDBTables, "rows", away)
    with pytest.raises(requests.ConnectionError):
        export(job, "core.fact_orders", tmp_path / "orders.parquet")
    assert list(tmp_path.iterdir()) == []
    assert connection.execute("select result, detail from pipeline.run").fetchall() == [("failed", "ConnectionError")]
