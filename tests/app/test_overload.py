"""Too much at once, and parts that go away under load: who waits is told soon, and nobody is told anything wrong."""

import os
import resource
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from app.embedded import Stack
from tests.app.graphql_http.asking import GRAPHQL, post
from tests.app.serving import Gateway, gateway_process
from tests.app.test_main import servers
from tests.app.wire import connect, exchange
from tests.databases import at_database, database_name, new_database

ASKED = {"query": "{ categories { totalCount } }"}
ANSWER = {"data": {"categories": {"totalCount": 0}}}
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
POOL = 2


@pytest.fixture(scope="module")
def owner_url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def small(stack: Stack, owner_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with two database connections."""
    served = at_database(stack.endpoints.database_url, database_name(owner_url))
    with gateway_process(
        tmp_path_factory.mktemp("small"),
        database_url=served,
        redis_url=stack.endpoints.redis_url,
        database_pool_max=POOL,
    ) as running:
        yield running


@contextmanager
def locked(owner_url: str) -> Iterator[psycopg.Connection]:
    """Let statements on categories wait."""
    with psycopg.connect(owner_url) as connection:
        connection.execute("lock table categories in access exclusive mode")
        yield connection
        connection.rollback()


def waiting(owner_url: str) -> int:
    """Return how many statements wait for the lock."""
    with psycopg.connect(owner_url) as connection:
        found = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchone()
    assert found
    return int(found[0])


def until(number: int, owner_url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while waiting(owner_url) != number:
        assert time.monotonic() < deadline, f"{waiting(owner_url)} wait"
        time.sleep(0.02)


def test_a_client_that_goes_away_ends_its_statement(small: Gateway, owner_url: str) -> None:
    with locked(owner_url):
        with small.client() as client, pytest.raises(httpx.ReadTimeout):
            client.post("/graphql", json=ASKED, timeout=0.5)
        until(0, owner_url, seconds=5)


def test_while_no_connection_is_free_requests_are_told_so_and_later_answered(small: Gateway, owner_url: str) -> None:
    with small.client() as client, ThreadPoolExecutor(POOL) as others:
        with locked(owner_url):
            held = [others.submit(post, client, ASKED, accept=GRAPHQL) for _ in range(POOL)]
            until(POOL, owner_url, seconds=30)
            begin = time.monotonic()
            refused = post(client, ASKED, accept=GRAPHQL)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert refused.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
            assert time.monotonic() - begin < 5
        assert [one.result().json() for one in held] == [ANSWER] * POOL
        assert post(client, ASKED).json() == ANSWER


def test_a_database_that_restarts_under_load_gives_no_wrong_answer(tmp_path: Path) -> None:
    with gateway_process(tmp_path) as gateway:
        told: Counter[str] = Counter()
        over = threading.Event()

        def ask() -> None:
            with gateway.client() as client:
                while not over.is_set():
                    answer = post(client, ASKED, accept=GRAPHQL)
                    assert answer.status_code == 503 or answer.json() == ANSWER, answer.text
                    told[str(answer.status_code)] += 1

        with ThreadPoolExecutor(4) as askers:
            asking = [askers.submit(ask) for _ in range(4)]
            _until_told(told, "200", 20)
            os.kill(servers(tmp_path)["postgres"], signal.SIGKILL)
            _until_told(told, "503", 1)
            begin, before = time.monotonic(), told["200"]
            _until_told(told, "200", before + 20)
            assert time.monotonic() - begin < 30
            over.set()
            for one in asking:
                one.result()
        assert set(told) == {"200", "503"}


def _until_told(told: Counter[str], status: str, number: int) -> None:
    deadline = time.monotonic() + 30
    while told[status] < number:
        assert time.monotonic() < deadline, told
        time.sleep(0.01)


def test_without_file_descriptors_it_waits_for_some(small: Gateway) -> None:
    """Whoever is connected is answered, whoever comes waits, and afterwards all is as before."""
    pid = small.process.pid
    open_now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    known = connect(small.url)
    try:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 12, before[1]))
        many = [connect(small.url) for _ in range(60)]
        time.sleep(0.3)
        assert small.process.poll() is None
        known.sendall(GET)
        assert b"200 OK" in known.recv(4096)
        for one in many:
            one.close()
        assert exchange(small.url, GET, timeout=20).status == 200
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        known.close()
    with small.client() as client:
        assert post(client, ASKED).json() == ANSWER
