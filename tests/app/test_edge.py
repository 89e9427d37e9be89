"""What surrounds every request: ids, headers, faults."""

import asyncio
import json
import re
import time

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from structlog.testing import CapturingLogger

from app import logs
from app.edge import Edge
from app.exchange import exchange_of
from tests.app.serving import Gateway, serving
from tests.app.wire import connect, exchange

ID = re.compile(r"[0-9a-f]{16}")


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("529.982.247-25")


async def fail_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
    await send({"type": "http.response.body", "body": b"part", "more_body": True})
    raise RuntimeError


# Request ids.


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "a-b_c.d:e", "x" * 64])
def test_a_sane_request_id_is_taken_over(gateway: Gateway, given: str) -> None:
    assert httpx.get(f"{gateway.url}/healthz", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", 'a"b', "a;b", "../a", "é", "a%0d%0ab", "{}"])
def test_any_other_is_replaced(gateway: Gateway, given: str) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: {given}\r\n\r\n".encode()
    head = exchange(gateway.url, request).head
    assert ID.search(next(line for line in head.splitlines() if line.startswith("x-request-id: ")))


@pytest.mark.parametrize(
    "injected", ["a\r\nSet-Cookie: x=1", "a\nSet-Cookie: x=1", "a\rSet-Cookie: x=1", "a\r\n Set-Cookie: x=1"]
)
def test_a_line_end_in_a_request_id_adds_no_header(gateway: Gateway, injected: str) -> None:
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: {injected}\r\n\r\n".encode()
    assert "set-cookie" not in exchange(gateway.url, request).head


def test_requests_without_an_id_get_different_ones(gateway: Gateway) -> None:
    ids = {httpx.get(f"{gateway.url}/healthz").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


def test_a_request_does_not_inherit_the_id_of_the_one_before_it_on_its_connection(gateway: Gateway) -> None:
    first = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: first-id\r\n\r\n"
    second = b"GET /nothing-here HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with connect(gateway.url) as connection:
        connection.sendall(first + second)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    assert answer.count(b"first-id") == 1
    deadline = time.monotonic() + 30
    while "/nothing-here" not in gateway.log and time.monotonic() < deadline:
        time.sleep(0.01)
    line = next(json.loads(line) for line in gateway.log.splitlines() if "/nothing-here" in line)
    assert ID.fullmatch(line["request_id"])


# Headers.


def test_every_response_says_what_browsers_may_do_with_it(gateway: Gateway) -> None:
    for path in ("/healthz", "/nothing", "/graphql"):
        headers = httpx.get(f"{gateway.url}{path}").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "no-store" in headers["cache-control"]


# Faults.


def test_a_fault_tells_an_id_that_the_log_has_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr("app.edge._LOG", log)
    monkeypatch.setattr("app.logs._REQUESTS", log)
    with serving(Edge(fail, access_log=True)) as url:
        response = httpx.get(url)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
    assert ID.fullmatch(error["extensions"]["id"])
    assert "529" not in response.text
    assert "RuntimeError" not in response.text
    fault, request = log.calls
    assert (fault.args, fault.kwargs["fault"]) == (("fault",), error["extensions"]["id"])
    assert (request.args, request.kwargs["status"]) == (("request",), 500)


def test_a_fault_in_the_middle_of_a_response_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.edge._LOG", CapturingLogger())
    with serving(Edge(fail_late, access_log=True)) as url, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)


def test_the_line_of_a_request_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr("app.edge._LOG", log)
    monkeypatch.setattr("app.logs._REQUESTS", log)
    with serving(Edge(hello, access_log=False)) as url:
        httpx.get(url)
    assert log.calls == []


def test_the_query_string_is_not_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr("app.edge._LOG", log)
    monkeypatch.setattr("app.logs._REQUESTS", log)
    with serving(Edge(hello, access_log=True)) as url:
        httpx.get(f"{url}/path?cpf=529")
        httpx.get(f"{url}/{'x' * 500}")
    assert [len(call.kwargs["path"]) for call in log.calls] == [5, 200]
    assert "529" not in str(log.calls)


# Clients that leave.


def test_what_nobody_waits_for_any_more_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    log = CapturingLogger()
    monkeypatch.setattr("app.edge._LOG", log)
    monkeypatch.setattr("app.logs._REQUESTS", log)
    cancelled_after: list[float] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        exchange_of(scope).subject = "somebody"
        begin = time.monotonic()
        try:
            await asyncio.sleep(30)
        finally:
            cancelled_after.append(time.monotonic() - begin)

    with serving(Edge(slow, access_log=True)) as url:
        with connect(url) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.2)
        deadline = time.monotonic() + 30
        while not log.calls and time.monotonic() < deadline:
            time.sleep(0.01)
    assert cancelled_after[0] < 1
    assert [(call.kwargs["status"], call.kwargs["subject"]) for call in log.calls] == [(499, "somebody")]


def test_ids_are_bound_for_everything_that_is_logged_meanwhile(gateway: Gateway) -> None:
    seen: list[str] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(logs.REQUEST_ID.get())
        await hello(scope, receive, send)

    with serving(Edge(note, access_log=False)) as url:
        httpx.get(url, headers={"x-request-id": "abc"})
    assert seen == ["abc"]
