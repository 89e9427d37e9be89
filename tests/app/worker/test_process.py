"""The worker that `gateway serve` runs beside itself."""

from pathlib import Path

import duckdb
import psutil
import psycopg

from app.embedded import open_stack
from tests.app.serving import Gateway, gateway_process
from tests.servers import wait_until


def worker_of(gateway: Gateway) -> psutil.Process | None:
    children = psutil.Process(gateway.process.pid).children()
    return next((child for child in children if is_alive(child) and "etl" in child.cmdline()), None)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def insert(gateway: Gateway, name: str, *, wait: bool = False) -> None:
    """Commit a row, and wait if asked until the worker has said that it is in the warehouse."""
    with (
        open_stack(gateway.settings.data_dir, owner="the tests", parts=["postgres"]) as stack,
        psycopg.connect(stack.endpoints.owner_url, autocommit=True) as connection,
    ):
        connection.execute("insert into categories (name) values (%s)", [name])
        end = connection.execute("select pg_current_wal_insert_lsn()").fetchone()
        reached = "select confirmed_flush_lsn >= %s from pg_replication_slots"
        if wait:
            wait_until("the row is delivered", lambda: connection.execute(reached, end).fetchone() == (True,))


def log(gateway: Gateway) -> str:
    path = gateway.settings.data_dir / "logs" / "worker.log"
    return path.read_text() if path.exists() else ""


def names(folder: Path) -> list[str]:
    with duckdb.connect(folder / "data" / "warehouse" / "warehouse.duckdb", read_only=True) as connection:
        return [name for (name,) in connection.execute("select name from raw.categories order by id").fetchall()]


def test_nothing_is_lost_when_the_worker_or_the_gateway_is_killed(tmp_path: Path) -> None:
    with gateway_process(tmp_path, etl_worker=True) as gateway:
        insert(gateway, "while it starts")
        wait_until("the worker streams", lambda: "is streaming" in log(gateway))
        first = worker_of(gateway)
        assert first is not None
        insert(gateway, "while it streams")
        first.kill()
        insert(gateway, "while it is dead")
        with gateway.client(None) as client:
            assert client.get("/readyz").status_code == 200
        wait_until("another worker streams", lambda: log(gateway).count("is streaming") == 2)
        second = worker_of(gateway)
        assert second is not None
        gateway.process.kill()
        gateway.process.wait()
        wait_until("the worker goes with its gateway", lambda: not is_alive(second))
    with gateway_process(tmp_path, etl_worker=True) as gateway:
        insert(gateway, "after", wait=True)
        third = worker_of(gateway)
        assert third is not None
        assert gateway.stop() == 0
        assert not is_alive(third)
    assert names(tmp_path) == ["while it starts", "while it streams", "while it is dead", "after"]
    assert log(gateway).count("is copying") == 1
