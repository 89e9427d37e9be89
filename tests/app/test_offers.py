"""Offers of another protocol: a request that has one is answered as if it had none."""

import time
from collections.abc import Iterator

import pytest
from starlette.types import Receive, Scope, Send

from tests.app.serving import Gateway, serving
from tests.app.wire import Reply, connect, exchange, read, seconds_until_closed

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
LAST_OFFER = b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
BODIES = {
    "nothing": (b"", b"", b""),
    "a length of nothing": (b"Content-Length: 0\r\n", b"", b""),
    "a length": (b"Content-Length: 3\r\n", b"abc", b"abc"),
    "a request": (b"Content-Length: %d\r\n" % len(NEXT), NEXT, NEXT),
    "chunks": (CHUNKED, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
    "a request in a chunk": (CHUNKED, b"%x\r\n%b\r\n0\r\n\r\n" % (len(NEXT), NEXT), NEXT),
    "trailers": (CHUNKED, b"3\r\nabc\r\n0\r\nHost: y\r\nUpgrade: h2c\r\n\r\n", b"abc"),
}
"""Headers that say how long a body is, the body as it is sent, and as it is taken."""


async def told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked for, and the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    content = b"%b %b" % (scope["path"].encode(), body)
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(told, header_limit_bytes=2000, receive_timeout_seconds=1) as url:
        yield url


def head(*headers: bytes, version: bytes = b"1.1") -> bytes:
    return b"POST /first HTTP/%b\r\nHost: x\r\n%b\r\n" % (version, b"".join(headers))


def replies(url: str, *pieces: bytes, number: int = 2) -> list[Reply]:
    with connect(url) as connection:
        for at, piece in enumerate(pieces):
            time.sleep(0.02 if at else 0)
            connection.sendall(piece)
        text = b""
        while text.count(b"HTTP/1.1 200") < number or not text.endswith(b"/next "):
            if not (more := connection.recv(65536)):
                break
            text += more
    return [parsed(one) for one in text.split(b"HTTP/1.1 ")[1:]]


def parsed(text: bytes) -> Reply:
    lines, _, body = text.partition(b"\r\n\r\n")
    return Reply(int(lines[:3]), lines.decode().lower(), body)


@pytest.mark.parametrize(("header", "sent", "body"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("way", ["at once", "body apart", "body in pieces", "next apart"])
def test_the_body_and_the_next_request_are_taken(url: str, header: bytes, sent: bytes, body: bytes, way: str) -> None:
    first = head(OFFER, header)
    pieces = {
        "at once": [first + sent + NEXT],
        "body apart": [first, sent + NEXT],
        "body in pieces": [first + sent[:1], sent[1:4], sent[4:] + NEXT],
        "next apart": [first + sent, NEXT],
    }[way]
    found = replies(url, *(piece for piece in pieces if piece))
    assert [reply.body for reply in found] == [b"/first " + body, b"/next "]


def test_the_gateway_answers_them(gateway: Gateway) -> None:
    assert exchange(gateway.url, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + OFFER + b"\r\n").status == 200


def test_many_offers_may_come_at_once(url: str) -> None:
    header, sent, body = BODIES["a length"]
    found = replies(url, (head(OFFER, header) + sent) * 5 + NEXT, number=6)
    assert [reply.body for reply in found] == [b"/first " + body] * 5 + [b"/next "]


@pytest.mark.parametrize("first", [head(LAST_OFFER, CHUNKED), head(OFFER, CHUNKED, version=b"1.0")])
def test_the_last_request_of_a_connection_is_the_last(url: str, first: bytes) -> None:
    (reply,) = replies(url, first, BODIES["chunks"][1] + NEXT, number=1)
    assert reply.body == b"/first abcde"
    assert "connection: close" in reply.head


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip"])
def test_a_body_without_an_end_is_refused(url: str, coding: bytes) -> None:
    with connect(url) as connection:
        connection.sendall(head(OFFER, b"Transfer-Encoding: %b\r\n" % coding) + NEXT)
        assert read(connection).status == 400
        assert seconds_until_closed(connection) < 5


def test_a_broken_chunk_is_no_next_request(url: str) -> None:
    with connect(url) as connection:
        connection.sendall(head(OFFER, CHUNKED))
        time.sleep(0.05)
        connection.sendall(NEXT)
        assert read(connection).status == 400


def test_trailers_and_heads_behind_it_are_limited(url: str) -> None:
    long = b"X-A: " + b"x" * 3000 + b"\r\n\r\n"
    for behind in (b"0\r\n" + long, b"0\r\n\r\n" + NEXT[:-2] + long):
        with connect(url) as connection:
            connection.sendall(head(OFFER, CHUNKED))
            time.sleep(0.05)
            connection.sendall(behind)
            while (reply := read(connection)).status == 200:
                pass
            assert reply.status in {0, 431}


def test_a_body_is_no_larger_than_others(gateway: Gateway) -> None:
    signed = f"Authorization: Bearer {gateway.token()}\r\nContent-Type: application/json\r\n".encode()
    first = head(OFFER, CHUNKED, signed).replace(b"/first", b"/graphql")
    assert exchange(gateway.url, first + b"200000\r\n" + b" " * 0x200000 + b"\r\n0\r\n\r\n").status == 413


@pytest.mark.parametrize("target", ["x:443", "/first", "http://x/"])
def test_there_are_no_tunnels(url: str, target: str) -> None:
    with connect(url) as connection:
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode() + NEXT)
        assert read(connection).status == 400
        assert seconds_until_closed(connection) < 5
