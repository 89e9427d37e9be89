"""A warehouse that answers queries is still one that takes batches in."""

import threading
from pathlib import Path

import duckdb
import pytest

from etl.warehouses.duckdb.serving import serve_queries
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from resolvers.warehouse.served import ServedWarehouse
from tests.etl.warehouses.test_duckdb import SHAPE, batch


async def test_appends_and_compactions_go_on_while_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    made = DuckDBWarehouse(path)
    made.prepare([SHAPE])
    with serve_queries(made.connection, path):
        reader, stop, counts = ServedWarehouse(path), threading.Event(), list[int]()

        def write() -> None:
            for number in range(1, 60):
                made.append(batch([(number, 1, 1, number, None, 0, number, "x")], number))
                if number % 10 == 0:
                    made.compact("things")
            stop.set()

        writer = threading.Thread(target=write)
        writer.start()
        while not stop.is_set():
            found = await reader.query("select count(*) as n, coalesce(max(id), 0) as last from raw.things")
            assert found.column("n")[0] == found.column("last")[0]
            counts.append(found.column("n")[0].as_py())
        writer.join()
    assert counts == sorted(counts)
    made.close()


def test_the_worker_s_own_duckdb_is_closed_off_for_good(tmp_path: Path) -> None:
    allowed = tmp_path / "exports"
    allowed.mkdir()
    with duckdb.connect(tmp_path / "w.duckdb") as connection:
        with serve_queries(connection, tmp_path / "w.duckdb", folders=[allowed]):
            connection.execute(f"copy (select 1 as a) to '{allowed}/a.parquet'")
        for refused in (
            f"copy (select 1) to '{tmp_path}/a.csv'",
            "attach ':memory:' as other; create table other.t as from read_text('/etc/passwd')",
            "set enable_external_access = true",
            "reset lock_configuration",
            "set python_enable_replacements = true",
        ):
            with pytest.raises(duckdb.Error):
                connection.cursor().execute(refused)
