"""Two workers apart: one works, the other stands by and takes over when the first is killed."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import duckdb
import psycopg

from tests.app.cli.running import start
from tests.servers import wait_until


def test_a_second_worker_takes_over_from_one_that_is_killed(migrated_database: str, tmp_path: Path) -> None:
    given = {
        "database_url": migrated_database,
        "data_dir": str(tmp_path / "data"),
        "etl_slot": f"standby_{migrated_database.rpartition('_')[2][:20]}",
        "etl_models_minutes": "0",
    }
    with ExitStack() as stack, psycopg.connect(migrated_database, autocommit=True) as source:

        def worker(name: str) -> tuple[subprocess.Popen[str], Path]:
            log = tmp_path / name
            process = start(
                "etl", "stream", settings=given, stdout=subprocess.DEVNULL, stderr=stack.enter_context(log.open("w"))
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process, log

        def insert(name: str) -> None:
            """Commit a row, and wait until a worker has said that it has it."""
            source.execute("insert into categories (name) values (%s)", [name])
            end = source.execute("select pg_current_wal_insert_lsn()").fetchone()
            asked = "select confirmed_flush_lsn >= %s from pg_replication_slots where slot_name = %s"
            place = [end[0] if end else None, given["etl_slot"]]
            wait_until("the row is delivered", lambda: source.execute(asked, place).fetchone() == (True,), 60)

        first, first_log = worker("first")
        wait_until("the first streams", lambda: "is streaming" in first_log.read_text())
        second, second_log = worker("second")
        wait_until("the second stands by", lambda: "standby" in second_log.read_text())
        insert("by the first")
        first.kill()
        insert("by the second")
        assert "is streaming" in second_log.read_text()
        second.terminate()
        assert second.wait(60) == 0
        assert "is copying" not in second_log.read_text()
    with duckdb.connect(tmp_path / "data" / "warehouse" / "warehouse.duckdb", read_only=True) as warehouse:
        names = warehouse.execute("select name from raw.categories order by id").fetchall()
    assert names == [("by the first",), ("by the second",)]
