"""Tables as exports read them: all that is in a DuckDB, and what models have built in BigQuery."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField
from google.cloud.bigquery.table import RowIterator

from etl.batch.exports import ExportJob
from etl.batch.history import History
from etl.batch.jobs import JobRefused
from etl.warehouses.bigquery.built import BuiltTables
from etl.warehouses.bigquery.service import Service
from etl.warehouses.bigquery.warehouse import BigQueryWarehouse
from etl.warehouses.tables import DuckDBTables, Tables
from tests.emulator import Emulator
from tests.etl.warehouses.opening import AT_ONCE

COLUMNS = (
    "select {n} as customer_id, numeric '1.25' as revenue, timestamp '2026-03-05 12:00:00+00' as `at`, 'x' as cnpj"
)
TABLES = {
    "marts.customer_360": " union all ".join(COLUMNS.format(n=n) for n in range(3)),
    "marts.nobody": f"{COLUMNS.format(n=1)} limit 0",
    "core.dim_customers": COLUMNS.format(n=7),
}


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    emulator: Emulator = request.getfixturevalue("bigquery")
    made = Service(emulator.place(), patience=5.0)
    for layer in ("marts", "core"):
        made.rest.create_dataset(f"{made.place.project}.{made.place.dataset}_{layer}")
    for name, rows in TABLES.items():
        made.query(f"create table `{made.place.project}.{made.place.dataset}_{name}` as {rows}")
    yield made
    made.close()


@pytest.fixture(params=["duckdb", "bigquery"])
def tables(request: pytest.FixtureRequest) -> Tables:
    if request.param == "bigquery":
        return BuiltTables(request.getfixturevalue("service"))
    connection = duckdb.connect()
    connection.execute(
        "set global timezone = 'UTC'; create schema marts; create schema core; create schema raw; create schema other"
    )
    for name, rows in TABLES.items():
        written = (
            rows.replace("`", '"').replace("numeric '", "decimal(38, 9) '").replace("timestamp '", "timestamptz '")
        )
        connection.execute(f"create table {name} as {written}")
    connection.execute("create table other.hidden (id int); create table raw.orders__pending (id int)")
    return DuckDBTables(connection)


def test_tables_are_found_layer_by_layer_with_their_columns(tables: Tables) -> None:
    assert list(tables.names()) == ["marts.customer_360", "marts.nobody", "core.dim_customers"]
    assert list(tables.columns("core.dim_customers")) == ["customer_id", "revenue", "at", "cnpj"]
    assert tables.distinct("marts.customer_360", "revenue") == (3, 1)


@pytest.mark.parametrize(("table", "keys"), [("marts.customer_360", [0, 1, 2]), ("marts.nobody", [])])
def test_rows_come_with_their_types(tables: Tables, table: str, keys: list[int]) -> None:
    with tables.rows(table, ["customer_id", "at", "revenue"]) as reader:
        found = reader.read_all()
    assert sorted(found["customer_id"].to_pylist()) == keys
    types = {field.name: str(field.type) for field in found.schema}
    assert (types["at"], types["revenue"]) == ("timestamp[us, tz=UTC]", "decimal128(38, 9)")


def test_an_answer_without_a_page_has_its_columns(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RowIterator, "to_arrow_iterable", lambda _, **_options: iter(()))
    with BuiltTables(service).rows("marts.nobody", ["at", "customer_id"]) as reader:
        found = reader.read_all()
    assert (found.num_rows, found.column_names) == (0, ["at", "customer_id"])


def test_a_layer_in_which_nothing_was_built_has_no_tables(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(dataset: bigquery.DatasetReference, **_: object) -> None:
        raise NotFound(f"Not found: Dataset {dataset}")

    monkeypatch.setattr(service.rest, "list_tables", missing)
    assert BuiltTables(service).names() == []


def test_a_mart_of_bigquery_is_exported_without_personal_data(service: Service, tmp_path: Path) -> None:
    journal = duckdb.connect()
    journal.execute(
        "create schema raw; create schema core; create table raw.orders (id bigint); insert into raw.orders values (5)"
    )
    job = ExportJob([BuiltTables(service), DuckDBTables(journal, ["raw"])], History(journal))
    told = job({"name": "customer_360", "to": str(tmp_path)}, print)
    assert (told["rows"], told["left_out"]) == (3, ["cnpj"])
    assert pq.read_table(tmp_path / "customer_360.parquet").column_names == ["customer_id", "revenue", "at"]
    assert job({"name": "orders", "to": str(tmp_path / "days"), "partition": "id"}, print)["table"] == "raw.orders"
    assert job({"name": "customer_360", "to": str(tmp_path / "by"), "partition": "customer_id"}, print)["rows"] == 3
    with pytest.raises(
        JobRefused, match=r"name one of marts.customer_360, marts.nobody, core.dim_customers, raw.orders"
    ):
        job({"name": "nothing", "to": str(tmp_path)}, print)


def test_facts_are_asked_for_by_their_day(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{service.place.project}.{service.place.dataset}_core.fact_orders"
    fact = bigquery.Table(name, [SchemaField("order_id", "INT64"), SchemaField("order_date", "DATE")])
    fact.time_partitioning, fact.require_partition_filter = bigquery.TimePartitioning(field="order_date"), True
    service.rest.create_table(fact)
    service.query(f"insert into `{name}` values (1, date '2026-03-01'), (2, null)")
    asked: list[str] = []
    run = service.run

    def noted(sql: str) -> bigquery.QueryJob:
        asked.append(sql)
        return run(sql)

    monkeypatch.setattr(service, "run", noted)
    with BuiltTables(service).rows("core.fact_orders", ["order_id"]) as reader:
        assert sorted(reader.read_all()["order_id"].to_pylist()) == [1, 2]
    assert asked[-1].endswith("where `order_date` >= '0001-01-01' or `order_date` is null")
    service.rest.delete_table(name)


def test_a_table_of_the_journal_does_not_wait_for_bigquery(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BuiltTables, "names", lambda _: pytest.fail("BigQuery was asked"))
    journal = duckdb.connect()
    journal.execute("create schema raw; create table raw.orders (id bigint)")
    job = ExportJob([BuiltTables(service), DuckDBTables(journal, ["raw"])], History(journal))
    assert job({"name": "raw.orders", "to": str(tmp_path)}, print)["rows"] == 0


def test_a_warehouse_tells_of_both(service: Service, tmp_path: Path) -> None:
    made = BigQueryWarehouse(
        replace(service.place, dataset="empty"), tmp_path / "journal.duckdb", AT_ONCE, patience=5.0
    )
    built, kept = made.tables
    assert list(built.names()) == []
    assert "raw.checkpoint" in kept.names()
    made.close()
