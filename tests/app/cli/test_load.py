"""`gateway load`."""

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.app.cli.running import hearing_ctrl_c, run, start
from tests.etl.files.folders import FILES, content, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "data", FILES)


def test_a_table_tells_what_became_of_each_file(migrated_database: str, folder: Path) -> None:
    loaded = run("load", str(folder), database_url=migrated_database)
    assert loaded.returncode == 0, loaded.stderr
    lines = [line.split() for line in loaded.stdout.splitlines()]
    assert lines[0] == ["table", "rows", "inserted", "unchanged", "updated", "seconds"]
    assert {line[0]: line[1:5] for line in lines[1:-1]} == {
        "categories": ["2", "2", "0", "0"],
        "customer_tiers": ["2", "2", "0", "0"],
        "suppliers": ["1", "1", "0", "0"],
        "customers": ["2", "2", "0", "0"],
        "products": ["2", "2", "0", "0"],
        "orders": ["2", "2", "0", "0"],
        "pricing": ["2", "2", "0", "0"],
        "order_items": ["2", "2", "0", "0"],
    }
    assert loaded.stdout.splitlines()[-1].startswith("15 rows in ")
    # Not a terminal: a line for each file that was read, once, and no bars.
    assert sorted(line for line in loaded.stderr.splitlines() if line.startswith("read ")) == sorted(
        f"read {name}" for name in FILES
    )
    assert "\x1b" not in loaded.stderr


def test_what_a_program_reads(migrated_database: str, folder: Path) -> None:
    run("load", str(folder), database_url=migrated_database)
    write(folder, {"customer_tiers.csv": "id,name\n1,bronze\n2,silver\n3,gold\n"})
    loaded = run("load", "--json", "--update", str(folder), database_url=migrated_database)
    described = json.loads(loaded.stdout)
    assert described["replaced_demo"] is False
    assert described["seconds"] > 0
    tiers = next(table for table in described["tables"] if table["table"] == "customer_tiers")
    assert tiers.pop("seconds") > 0
    assert tiers == {
        "table": "customer_tiers",
        "file": "customer_tiers.csv",
        "rows": 3,
        "inserted": 1,
        "unchanged": 1,
        "updated": 1,
    }


def test_a_fault_is_told_without_a_traceback(migrated_database: str, folder: Path) -> None:
    write(folder, {"orders.csv": FILES["orders.csv"].replace("20.00,2.40", "20.00,2.4O")})
    before = content(migrated_database)
    refused = run("load", str(folder), database_url=migrated_database)
    assert refused.returncode == 1
    assert refused.stdout == ""
    fault, end = refused.stderr.splitlines()[-2:]
    assert fault.startswith('error: orders.csv, line 5, column tax, value "2.4O": not an amount: write 1234.56')
    assert end == "nothing was loaded"
    assert "Traceback" not in refused.stderr
    assert content(migrated_database) == before


def test_a_database_that_is_not_in_step_is_refused(empty_database: str, folder: Path) -> None:
    refused = run("load", str(folder), database_url=empty_database)
    assert refused.returncode == 1
    assert "is without the gateway's tables: run `gateway migrate`" in refused.stderr


def test_a_role_that_may_only_read_is_told_so(migrated_database: str, folder: Path) -> None:
    with psycopg.connect(migrated_database) as connection:
        name = connection.info.dbname
        password = "loader-of-nothing"
        connection.execute(f"create role loader login password '{password}'".encode())
        connection.execute("grant select on gateway_revision, gateway_state to loader")
    try:
        host = migrated_database.rpartition("@")[2].rpartition("/")[0]
        refused = run("load", str(folder), database_url=f"postgresql://loader:{password}@{host}/{name}")
        assert refused.returncode == 1
        assert "refused: permission denied for table" in refused.stderr
        assert "give GATEWAY_ADMIN_DATABASE_URL a role that owns the gateway's tables; nothing was" in refused.stderr
        assert password not in refused.stderr
    finally:
        with psycopg.connect(migrated_database) as connection:
            connection.execute("drop owned by loader; drop role loader")


def test_an_embedded_database_is_migrated_and_loaded(tmp_path: Path, folder: Path) -> None:
    settings = {"data_dir": str(tmp_path / "gateway")}
    loaded = run("load", "--json", str(folder), **settings)
    assert loaded.returncode == 0, loaded.stderr
    again = json.loads(run("load", "--json", str(folder), **settings).stdout)
    assert {table["unchanged"] for table in again["tables"]} == {1, 2}


def test_a_terminal_sees_bars(migrated_database: str, folder: Path) -> None:
    ours, theirs = pty.openpty()
    process = start("load", str(folder), settings={"database_url": migrated_database}, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:
        # Linux says so when the other end is closed.
        pass
    finally:
        os.close(ours)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.splitlines()[-1].startswith("15 rows in ")
    assert b"reading orders.csv" in shown
    assert b"100%" in shown
    assert b"read orders.csv" not in shown


@contextmanager
def load_that_waits(url: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a load that has read all files, written some tables and stands before the last; the block may end it."""
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute("lock table order_items in access exclusive mode")
        with hearing_ctrl_c():
            process = start("load", str(folder), settings={"database_url": url})
        waiting = "select count(*) from pg_locks where relation = 'order_items'::regclass and not granted"
        deadline = time.monotonic() + 60
        try:
            while watcher.execute(waiting).fetchone() == (0,):
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.02)
            yield process
        finally:
            process.kill()
            process.communicate()


def test_a_load_that_is_killed_leaves_nothing(migrated_database: str, folder: Path) -> None:
    before = content(migrated_database)
    with load_that_waits(migrated_database, folder) as process:
        process.kill()
        process.communicate()
    assert content(migrated_database) == before
    assert run("load", str(folder), database_url=migrated_database).returncode == 0


def test_ctrl_c_ends_a_load_and_leaves_nothing(migrated_database: str, folder: Path) -> None:
    before = content(migrated_database)
    with load_that_waits(migrated_database, folder) as process:
        process.send_signal(signal.SIGINT)
        output, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert told.splitlines()[-1] == "stopped: nothing was loaded"
    assert "Traceback" not in told
    assert content(migrated_database) == before


def test_a_connection_that_ends_is_told(migrated_database: str, folder: Path) -> None:
    with (
        load_that_waits(migrated_database, folder) as process,
        psycopg.connect(migrated_database, autocommit=True) as other,
    ):
        other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gateway'"
            " and datname = current_database()"
        )
        _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "error: the database at " in told
    assert told.endswith("; nothing was loaded\n")
    assert "Traceback" not in told
