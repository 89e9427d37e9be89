"""`gateway etl`: each command, with a worker on the data folder and without."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from app.cli.etl.snapshot import snapshot
from app.embedded import make_folder
from app.errors import StartError
from etl.changes import Batch
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.app.cli.running import run, start
from tests.servers import wait_until


def settings(url: str, folder: Path) -> dict[str, str]:
    slot = f"cli_{url.rpartition('_')[2][:20]}"
    return {"database_url": url, "data_dir": str(folder / "data"), "etl_slot": slot, "redis_url": "redis://127.0.0.1:1"}


def test_snapshot_stream_and_status(migrated_database: str, tmp_path: Path) -> None:
    given = settings(migrated_database, tmp_path)
    before = run("etl", "status", "--json", **given)
    assert (before.returncode, json.loads(before.stdout)["slot"]["wal_status"]) == (1, "absent")
    assert "there is no warehouse" in json.loads(before.stdout)["alarms"][0]

    with psycopg.connect(migrated_database) as connection:
        connection.execute("insert into categories (name) values ('one'), ('two')")
    copied = run("etl", "snapshot", **given)
    assert (copied.returncode, "copied categories: 2 rows" in copied.stderr) == (0, True)

    worker = start("etl", "stream", settings=given)
    try:
        note = tmp_path / "data" / "warehouse" / "worker.json"
        wait_until("the worker tells where its metrics are", note.exists)
        _insert_and_wait(migrated_database, given["etl_slot"])
        running = json.loads(run("etl", "status", "--json", **given).stdout)
        assert (running["worker"]["phase"], running["slot"]["is_active"], running["alarms"]) == ("streaming", True, [])
        assert next(row["rows"] for row in running["tables"] if row["table"] == "categories") == 3
        again = run("etl", "snapshot", "categories", **given)
        assert (again.returncode, "copied categories: 3 rows" in again.stderr) == (0, True)
        checked = run("etl", "check", "--no-models", "--json", **given)
        found = {one["check"]: one["status"] for one in json.loads(checked.stdout)["findings"]}
        # What has rows passes; nothing passes because it has none.
        assert (found["reconciliation raw.categories"], found["duplicates raw.categories.id"]) == ("pass", "pass")
        assert (found["reconciliation raw.orders"], found["row count raw.orders"]) == ("empty", "empty")
        assert checked.returncode == 1
    finally:
        worker.send_signal(signal.SIGTERM)
        _, told = worker.communicate(timeout=60)
    assert worker.returncode == 0, told
    after = run("etl", "status", **given)
    assert (after.returncode, "alarm: the last run of checks failed" in after.stdout) == (1, True)
    assert "none runs on this data folder" in after.stdout
    assert "nobody reads it" in after.stdout


def test_the_status_of_a_bigquery_warehouse_is_that_of_its_journal(migrated_database: str, tmp_path: Path) -> None:
    given = settings(migrated_database, tmp_path)
    DuckDBWarehouse(make_folder(tmp_path / "data").warehouse / "bigquery-journal.duckdb").close()
    answer = run("etl", "status", "--json", **given, warehouse_url="bigquery://project/dataset")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert (told["alarms"], told["position"], told["slot"]["wal_status"]) == ([], None, "absent")


def test_the_status_of_a_polled_source_tells_of_no_slot(migrated_database: str, tmp_path: Path) -> None:
    given = settings(migrated_database, tmp_path) | {"etl_source": "poll"}
    made = DuckDBWarehouse(make_folder(tmp_path / "data").warehouse / "warehouse.duckdb")
    made.append(Batch(1_700_000_000_000_000))
    made.close()
    told = run("etl", "status", **given)
    assert (told.returncode, "slot" in told.stdout, "bytes of log" in told.stdout) == (0, False, False)


STILL_BUSY = """
import threading, time
import duckdb
from app.cli.etl.stream import end_beside_duties
connection = duckdb.connect()
def ask():
    while True:
        connection.execute("select count(*) from range(100000)").fetchall()
threading.Thread(target=ask, daemon=True).start()
time.sleep(0.3)
end_beside_duties()
"""


def test_a_worker_ends_in_order_while_a_duty_goes_on() -> None:
    """Python alone would stop the duty's thread within DuckDB, which aborts the process more often than not."""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", STILL_BUSY], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_models_are_built_without_a_worker(migrated_database: str, tmp_path: Path) -> None:
    given = settings(migrated_database, tmp_path)
    built = run("etl", "run", "--select", "dim_time", "--json", **given)
    assert [node["node"] for node in json.loads(built.stdout)["nodes"]] == ["dim_time"], built.stderr
    told = json.loads(run("etl", "status", "--json", **given).stdout)
    runs = [(job["kind"], job["result"], job["detail"]) for job in told["runs"]]
    assert runs == [("selected models", "good", "dim_time")]


def test_a_copy_of_a_table_waits_for_a_slot(migrated_database: str, tmp_path: Path) -> None:
    refused = run("etl", "snapshot", "orders", **settings(migrated_database, tmp_path))
    assert (refused.returncode, "there is no slot" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("tables", "low", "high", "reason"),
    [
        (["gateway_state"], None, None, "gateway_state does not land in the warehouse: name one of customer_tiers"),
        (["orders"], 1, None, "--low and --high are given together"),
        ([], 1, 2, "need one table"),
    ],
)
def test_a_copy_that_can_not_be_asked_for_says_why(
    tables: list[str], low: int | None, high: int | None, reason: str
) -> None:
    with pytest.raises(StartError, match=reason):
        snapshot(tables, low, high)


def _insert_and_wait(url: str, slot: str) -> None:
    """Commit a row, and wait until the worker has said that it has it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("insert into categories (name) values ('three')")
        end = connection.execute("select pg_current_wal_insert_lsn()").fetchone()
        asked = "select confirmed_flush_lsn >= %s from pg_replication_slots where slot_name = %s"
        place = [end[0] if end else None, slot]
        wait_until("the row is delivered", lambda: connection.execute(asked, place).fetchone() == (True,))
