"""Responses by an exchange: written at once where the connection takes them, sent in parts elsewhere."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.edge import Edge
from app.exchange import Exchange, HeaderSet, exchange_of
from tests.app.serving import serving
from tests.app.wire import connect, exchange

HEADERS = HeaderSet((b"content-type", b"text/plain"), (b"cache-control", b"private"))


async def write(scope: Scope, receive: Receive, send: Send) -> None:
    assert isinstance(send, Exchange)
    assert send is exchange_of(scope)
    if not send.write(200, HEADERS, [(b"x-more", b"1")], b"whole"):
        headers = [*HEADERS.lines, (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"parts"})


def test_a_whole_response_is_written_at_once_with_what_all_responses_have() -> None:
    with serving(Edge(write, access_log=False, more_headers=[(b"x-all", b"2")])) as url:
        reply = exchange(url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    names = [line.partition(":")[0] for line in reply.head.splitlines()[1:]]
    assert reply.body == b"whole"
    assert {"date", "content-type", "content-length", "x-request-id", "x-more", "x-all"} <= set(names)
    assert names.count("cache-control") == 1
    assert "cache-control: private" in reply.head.splitlines()


def test_to_a_head_request_it_has_no_body() -> None:
    with serving(Edge(write, access_log=False)) as url, connect(url) as connection:
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while more := connection.recv(65536):
            answer += more
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_an_old_client_is_told_that_the_connection_closes() -> None:
    with serving(Edge(write, access_log=False)) as url:
        assert "connection: close" in exchange(url, b"GET / HTTP/1.0\r\n\r\n").head.lower()


async def test_without_a_connection_that_can_it_is_sent() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await Edge(write, access_log=False)(scope, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == b"parts"


async def half(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})


@pytest.mark.parametrize("requests", [1, 2])
def test_one_that_never_ends_ends_its_connection(requests: int) -> None:
    with serving(Edge(half, access_log=False)) as url, connect(url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * requests)
        assert connection.recv(65536) == b""
