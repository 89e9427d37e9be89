"""The coarse limit of requests per client address: who is counted together, what is exempt, and what is told."""

import time
from collections.abc import Iterator

import httpx
import pytest
from limits.storage import MemoryStorage
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.address_limit import _MOST, AddressLimit, Counts
from app.edge import Edge
from app.settings import Settings
from tests.app.serving import serving

LIMIT = 5


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("answered")(scope, receive, send)


@pytest.fixture
def url() -> Iterator[str]:
    """A server with a limit of five requests a minute, which believes the proxy that the tests are."""
    app = Edge(AddressLimit(answering, LIMIT), access_log=False)
    with serving(app, trusted_proxies=("127.0.0.1",)) as found:
        yield found


def statuses(url: str, number: int, **headers: str) -> list[int]:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return [httpx.get(f"{url}/graphql", headers=given).status_code for _ in range(number)]


def test_what_is_above_the_limit_is_refused(url: str) -> None:
    assert statuses(url, LIMIT + 2) == [200] * LIMIT + [429] * 2
    refused = httpx.get(url)
    [error] = refused.json()["errors"]
    assert error["extensions"] == {"code": "THROTTLED"}
    assert 50 < int(refused.headers["retry-after"]) <= 60
    assert refused.headers["x-request-id"]
    assert refused.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_who_watches_the_gateway_is_not_counted(url: str, path: str) -> None:
    assert {httpx.get(url + path).status_code for _ in range(LIMIT + 1)} == {200}
    assert statuses(url, LIMIT + 1)[-1] == 429
    assert httpx.get(url + path).status_code == 200


def test_clients_of_a_proxy_are_told_apart(url: str) -> None:
    assert statuses(url, LIMIT + 1, x_forwarded_for="192.0.2.1")[-1] == 429
    assert statuses(url, 1, x_forwarded_for="192.0.2.2") == [200]


def test_a_network_of_ipv6_is_one_client(url: str) -> None:
    told = [statuses(url, 1, x_forwarded_for=f"2001:db8:0:1::{host:x}") for host in range(1, LIMIT + 2)]
    assert told == [[200]] * LIMIT + [[429]]
    assert statuses(url, 1, x_forwarded_for="2001:db8:0:2::1") == [200]


def test_what_a_stranger_says_of_its_address_is_ignored() -> None:
    with serving(Edge(AddressLimit(answering, LIMIT), access_log=False)) as found:
        told = [statuses(found, 1, x_forwarded_for=f"192.0.2.{host}", x_real_ip="192.0.2.9") for host in range(6)]
    assert told[-1] == [429]


def test_the_time_of_a_refusal_is_over_when_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, ahead = Counts(LIMIT), 0.0
    wall, monotonic = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: wall() + ahead)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + ahead)
    waits = [counts.wait("192.0.2.1") for _ in range(LIMIT + 1)]
    assert waits[:-1] == [0] * LIMIT
    ahead = waits[-1] - 1
    assert counts.wait("192.0.2.1") > 0
    ahead = waits[-1] + 0.1
    assert [counts.wait("192.0.2.1") for _ in range(LIMIT + 1)][:2] == [0, 0]


def test_a_clock_that_is_set_back_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, wall, behind = Counts(LIMIT), time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: wall() - behind)
    assert [counts.wait("192.0.2.1") for _ in range(LIMIT)] == [0] * LIMIT
    behind = 3600
    waits = [counts.wait("192.0.2.1") for _ in range(LIMIT + 2)]
    assert waits[:-1] == [0] * (LIMIT + 1)
    assert 50 < waits[-1] <= 60


@pytest.mark.parametrize("limit", [7, 75, 1_000, 60_000])
def test_a_client_gets_its_limit_and_no_lot_more(limit: int) -> None:
    counts = Counts(limit)
    allowed = next(sent for sent in range(2 * limit) if counts.wait("192.0.2.1"))
    assert limit * 0.95 <= allowed <= limit * 1.02 + 1


def test_ever_new_addresses_fill_no_memory() -> None:
    counts = Counts(60_000)
    for number in range(_MOST + 500):
        counts.wait(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(counts._clients) == _MOST
    storage = counts._limiter.storage
    assert isinstance(storage, MemoryStorage)
    assert not storage.events


@pytest.mark.parametrize(
    ("host", "given", "limit"),
    [("127.0.0.1", None, 0), ("192.0.2.1", None, 60_000), ("192.0.2.1", 0, 0), ("127.0.0.1", 7, 7)],
)
def test_by_default_others_than_this_machine_have_a_limit(host: str, given: int | None, limit: int) -> None:
    assert Settings(host=host, request_limit_per_address=given).requests_per_minute == limit
