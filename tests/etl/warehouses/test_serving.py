"""A warehouse that answers queries is still one that takes batches in."""

import threading
from pathlib import Path

import duckdb
import pytest

from etl.warehouses.duckdb.serving import serve_queries
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from resolvers.warehouse.reader import WarehouseTooExpensive
from resolvers.warehouse.served import ServedWarehouse
from tests.etl.warehouses.things import SHAPE, batch


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


async def test_a_reader_takes_no_more_memory_than_the_warehouse_may(tmp_path: Path) -> None:
    """What can go by the disk does; what can't is refused, and the next one is answered."""
    path = tmp_path / "w.duckdb"
    made = DuckDBWarehouse(path, memory=2**27)
    made.prepare([SHAPE])
    wide = "select range as id, repeat(hash(range)::varchar, 20) as text from range(400_000)"
    with serve_queries(made.connection, path):
        reader = ServedWarehouse(path)
        sorted_rows = f"select row_number() over (order by text) as n from ({wide})"
        largest = await reader.query(f"select max(n) as n from ({sorted_rows})")
        assert largest.column("n")[0].as_py() == 400_000
        with pytest.raises(WarehouseTooExpensive, match="more memory than the warehouse has"):
            await reader.query(f"select len(string_agg(text, ',')) from ({wide})")
        made.append(batch([(1, 1, 1, 1, None, 0, 1, "x")], 1))
        assert (await reader.query("select count(*) as n from raw.things")).column("n")[0].as_py() == 1
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
