"""The worker's disk is full: it stops where it is, and goes on from there when there is room again."""

import multiprocessing
import resource
import signal
import time
from pathlib import Path

import psycopg
import pytest

from etl.warehouses.interface import WarehouseUnavailable
from etl.worker.source import Source
from tests.crash.etl.checking import verdict
from tests.crash.etl.source import SCHEMA, SLOT
from tests.crash.etl.worker import work
from tests.etl.source_log import log_end
from tests.etl.warehouses.things import INSERT, batch, content, warehouse
from tests.etl.worker.working import forget
from tests.servers import wait_until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.etl.worker"])
ROOM = 1_500_000


def limited(url: str, path: Path, status: Path) -> None:
    """Work on a disk on which no file can grow beyond some size."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
    work(url, path, status, None)


def test_it_goes_on_when_there_is_room_again(empty_database: str, tmp_path: Path) -> None:
    path, status = tmp_path / "warehouse.duckdb", tmp_path / "status"
    with psycopg.connect(empty_database, autocommit=True) as source:
        source.execute(SCHEMA)
        process = FORKS.Process(target=limited, args=(empty_database, path, status))
        process.start()
        wait_until("the empty tables are copied", status.exists, 60)
        for turn in range(30):
            source.execute(
                f"insert into ledger select {turn} * 1000 + n, n, n, now(), md5(n::text) from generate_series(1, 300) n"
            )
            source.execute(f"update ledger set n = n + 1 where id % 10 = {turn % 10}")
        wait_until(
            "its files are full", lambda: _told(status) == _told(status, 1.0) and _told(status) < _end(source), 60
        )
        stopped_at = _told(status)
        source.execute("delete from ledger where id % 3 = 0")
        assert source.execute(
            "select wal_status from pg_replication_slots where slot_name = %s", [SLOT]
        ).fetchone() == ("reserved",)
        if process.is_alive():
            assert process.pid is not None
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        else:
            process = FORKS.Process(target=work, args=(empty_database, path, status, None))
            process.start()
        end = _end(source)
        wait_until("it has caught up", lambda: _told(status) >= end - 1, 90)
        process.terminate()
        process.join(60)
    assert stopped_at < end
    found = verdict(empty_database, path)
    assert found.is_good, found
    assert found.changes > 9_000
    forget(Source(empty_database, SLOT))


def test_a_worker_that_takes_over_waits_for_room(tmp_path: Path) -> None:
    process = FORKS.Process(target=fencing, args=(tmp_path / "warehouse.duckdb",))
    process.start()
    process.join(60)
    assert process.exitcode == 0


def fencing(path: Path) -> None:
    """Take a warehouse over on a full disk, and again once there is room; runs in a process of its own."""
    made = warehouse(path)
    made.fence("one")
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    full = path.with_name(f"{path.name}.wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    with pytest.raises(WarehouseUnavailable):
        made.fence("another")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    made.fence("another")
    made.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y")], 2))
    assert content(made) == {1: (1, "x"), 2: (2, "y")}


def _told(status: Path, after: float = 0.0) -> int:
    time.sleep(after)
    return int(status.read_text().split()[0])


def _end(source: psycopg.Connection) -> int:
    source.execute("select pg_logical_emit_message(true, 'tests', '')")
    end = log_end(source)
    source.execute("""select pg_logical_emit_message(true, 'cienty.heartbeat', '{"at": "2026-01-01"}')""")
    return end
