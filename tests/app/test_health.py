"""Health of a running gateway, and of one whose parts fail."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from app.embedded import Stack, start_stack
from app.health import Readiness
from app.migration import upgrade
from resolvers.database import Database
from tests.app.serving import Gateway, gateway_process
from tests.app.wire import connect, read


@asynccontextmanager
async def readiness(url: str) -> AsyncIterator[Readiness]:
    database = await Database.open(url, min_size=0, max_size=2)
    try:
        yield Readiness(database, url)
    finally:
        await database.close()


def test_a_gateway_is_alive_and_ready(gateway: Gateway) -> None:
    for path in ("/healthz", "/readyz"):
        response = httpx.get(gateway.url + path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_health_is_only_read(gateway: Gateway, method: str) -> None:
    assert httpx.request(method, gateway.url + "/readyz").status_code == 405


async def test_a_database_in_step_is_ready(migrated_database: str) -> None:
    async with readiness(migrated_database) as ready:
        assert await ready.faults() == {}


async def test_a_database_out_of_step_is_not_ready_until_it_is_in_step(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        (revision,) = connection.execute("select version_num from gateway_revision").fetchone() or ()
        async with readiness(migrated_database) as ready:
            connection.execute("update gateway_revision set version_num = '9999'")
            assert "ahead" in (await ready.faults())["migrations"]
            connection.execute("update gateway_revision set version_num = %s", [revision])
            assert await ready.faults() == {}


async def test_a_stopping_gateway_is_not_ready(migrated_database: str) -> None:
    async with readiness(migrated_database) as ready:
        ready.stop()
        assert await ready.faults() == {"gateway": "stopping"}


async def test_probes_at_once_ask_the_database_once(migrated_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    database = await Database.open(migrated_database, min_size=0, max_size=1)
    ping = database.ping

    async def counted() -> None:
        asked.append("ping")
        await ping()

    monkeypatch.setattr(database, "ping", counted)
    ready = Readiness(database, migrated_database)
    assert await asyncio.gather(*(ready.faults() for _ in range(50))) == [{}] * 50
    assert asked == ["ping"]
    await database.close()


def test_a_gateway_whose_database_hangs_says_so_soon_and_recovers(tmp_path: Path) -> None:
    """The database is stopped, not ended: it accepts connections and answers nothing."""
    stack = start_stack(tmp_path / "stack", owner="the tests", parts=["postgres"])
    try:
        upgrade(stack.endpoints.owner_url, report=lambda _: None)
        settings = {"database_url": stack.endpoints.database_url, "redis_url": "redis://127.0.0.1:1"}
        with gateway_process(tmp_path / "gateway", **settings) as gateway:
            assert httpx.get(gateway.url + "/readyz").status_code == 200
            _signal_postgres(stack, signal.SIGSTOP)
            begin = time.monotonic()
            response = httpx.get(gateway.url + "/readyz", timeout=60)
            assert time.monotonic() - begin < 20
            assert response.status_code == 503
            assert response.json()["faults"]["database"] == "does not answer"
            assert "127.0.0.1" not in response.text
            assert httpx.get(gateway.url + "/healthz").status_code == 200
            _signal_postgres(stack, signal.SIGCONT)
            _until_ready(gateway)
    finally:
        _signal_postgres(stack, signal.SIGCONT)
        stack.stop()


def _signal_postgres(stack: Stack, number: signal.Signals) -> None:
    runtime = json.loads(stack.folder.runtime.read_text())
    server = psutil.Process(runtime["servers"]["postgres"]["pid"])
    for process in (server, *server.children(recursive=True)):
        process.send_signal(number)


def _until_ready(gateway: Gateway) -> None:
    deadline = time.monotonic() + 60
    while httpx.get(gateway.url + "/readyz", timeout=20).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_stopping_gateway_says_so_on_connections_that_it_still_takes(
    stack: Stack, served_database: str, tmp_path: Path
) -> None:
    settings = {"database_url": served_database, "redis_url": stack.endpoints.redis_url, "shutdown_delay_seconds": 1}
    with gateway_process(tmp_path, **settings) as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        with connect(gateway.url) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
            reply = read(connection)
        assert (reply.status, json.loads(reply.body)["faults"]) == (503, {"gateway": "stopping"})
        assert gateway.process.wait(60) == 0
