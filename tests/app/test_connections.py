"""Connections: framing, limits and patience, tried by hand on the wire."""

import contextlib
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.edge import Edge
from tests.app.serving import Gateway, serving
from tests.app.wire import connect, exchange, read, seconds_until_closed

SOON = 8.0
"""Seconds within which `strict_gateway`, which waits 1 for a request, has given up; it would wait 10 by default."""


def request(*lines: str, body: str = "") -> bytes:
    return ("\r\n".join(["GET /healthz HTTP/1.1", "Host: x", *lines, "", ""]) + body).encode("latin-1")


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the client's address and the scheme, as the application sees them."""
    body = f"{scope['client'][0]} {scope['scheme']}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# Framing: whatever two readers could split into requests differently is refused.

CHUNKED = b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
AMBIGUOUS = {
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "two equal lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na",
    "length and chunks": CHUNKED.replace(b"Host", b"Content-Length: 5\r\nHost") + b"\r\n0\r\n\r\n",
    "chunks and length": CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "another coding after chunked": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a misspelt coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length with a sign": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
    "a length in hexadecimal": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\na",
    "a length of 100 digits": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\n",
    "a chunk with a negative size": CHUNKED + b"\r\n-1\r\n\r\n",
    "a space before the colon": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n",
    "a header without a name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n: 1\r\n\r\n",
    "a bare carriage return": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\rX-B: 2\r\n\r\n",
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "a NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
    "no Host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "another protocol": b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n",
    "an unknown method": b"HACK /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method with a line end": b"GET\r\n /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the path": b"GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
    "nothing of HTTP": b"\0" * 100,
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_requests_are_refused_and_the_connection_ends(gateway: Gateway, sent: bytes) -> None:
    with connect(gateway.url) as connection:
        connection.sendall(sent)
        reply = read(connection)
        assert reply.status == 400
        assert seconds_until_closed(connection) < SOON


def test_the_same_requests_written_well_are_taken(gateway: Gateway) -> None:
    assert exchange(gateway.url, request()).status == 200
    assert exchange(gateway.url, b"GET /healthz HTTP/1.0\r\n\r\n").status == 200
    chunked = b"POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    assert exchange(gateway.url, chunked).status == 401


def test_refusals_are_json_like_all_others(gateway: Gateway) -> None:
    reply = exchange(gateway.url, b"GET /healthz HTTP/1.1\r\n\r\n")
    assert httpx.Response(400, content=reply.body).json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert "connection: close" in reply.head


def test_a_refusal_is_never_taken_for_the_answer_to_the_request_before_it(gateway: Gateway) -> None:
    with connect(gateway.url) as connection:
        connection.sendall(request() + b"NONSENSE\r\n\r\n")
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while more := connection.recv(65536):
                data += more
    assert data.count(b"HTTP/1.1 ") <= 1 or data.index(b'{"status":"ok"}') < data.index(b"400 Bad Request")


def test_trailers_do_not_become_headers(gateway: Gateway) -> None:
    sent = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
        f"Trailer: Authorization\r\n\r\n1\r\n{{\r\n0\r\nAuthorization: Bearer {gateway.token()}\r\n\r\n"
    )
    assert exchange(gateway.url, sent.encode()).status == 401


def test_nobody_has_the_rights_of_a_head_that_came_behind_its_own(gateway: Gateway) -> None:
    bare = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n"
    signed = bare[:-2] + f"Authorization: Bearer {gateway.token()}\r\nContent-Length: ".encode()
    size = next(size for size in range(3000) if len(signed + b"%d\r\n\r\n" % size) == size)
    body = b'{"query": "{ __typename }"}'.ljust(size)
    with connect(gateway.url) as connection:
        connection.sendall(bare + signed + b"%d\r\n\r\n" % size)
        assert read(connection).status == 401
        connection.sendall(body)
        assert read(connection).status == 200
    # What follows the head is no request: the connection may end before the answer is out.
    assert exchange(gateway.url, bare + body).status in {0, 401}
    assert exchange(gateway.url, bare).status == 401


# WebSockets: a browser lets any page open one, and asks nobody before.


def websocket(*headers: str, path: str = "/graphql") -> bytes:
    opening = ["Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    sent = request(*opening, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers)
    return sent.replace(b"/healthz", path.encode())


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://x.evil.example", "http://x:81", ""])
def test_foreign_pages_open_no_websocket(gateway: Gateway, origin: str) -> None:
    for protocol in ("graphql-transport-ws", "graphql-ws"):
        reply = exchange(gateway.url, websocket(f"Origin: {origin}", f"Sec-WebSocket-Protocol: {protocol}"))
        assert reply.status == 403
        assert b"FORBIDDEN" in reply.body
        assert "connection: close" in reply.head


@pytest.mark.parametrize("origin", [[], ["Origin: http://x"], ["Origin: https://x"]])
@pytest.mark.parametrize("path", ["/graphql", "/healthz", "/"])
def test_no_other_client_does_either(gateway: Gateway, origin: list[str], path: str) -> None:
    reply = exchange(gateway.url, websocket(*origin, path=path))
    assert reply.status == 400
    assert b"no WebSockets here" in reply.body


def test_pages_of_configured_origins_are_told_what_all_are() -> None:
    with serving(whoami, cors_origins="https://app.example") as url:
        assert exchange(url, websocket("Origin: https://app.example")).status == 400
        assert exchange(url, websocket("Origin: https://app.example.evil")).status == 403


def test_a_websocket_needs_no_host_to_be_refused(gateway: Gateway) -> None:
    sent = websocket("Origin: http://").replace(b"Host: x\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert exchange(gateway.url, sent).status in {200, 400, 401, 403}


# Sizes.


@pytest.mark.parametrize(
    "sent",
    [
        request(f"X-Large: {'x' * 65_536}"),
        request(f"X-Large: {'x' * 5_000}"),
        request(*(f"X-{number}: {'x' * 500}" for number in range(10))),
        request(*(f"X-{number}: 1" for number in range(30))),
        request(*(f"X-{number}: 1" for number in range(2_000))),
        request(f"{'x' * 5_000}: 1"),
        f"GET /healthz?{'x' * 5_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        request(f"X-Large: {'x' * 5_000}")[:-4],
        b"GET /" + b"x" * 5_000,
    ],
    ids=[
        "64 KB",
        "5 KB",
        "in sum",
        "30 headers",
        "2,000 headers",
        "a name",
        "the address",
        "unfinished",
        "address unfinished",
    ],
)
def test_large_heads_are_refused(strict_gateway: Gateway, sent: bytes) -> None:
    with connect(strict_gateway.url) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        assert read(connection).status in {431, 0}


def test_a_large_head_is_told_that_it_is(strict_gateway: Gateway) -> None:
    assert exchange(strict_gateway.url, request(f"X-Large: {'x' * 5_000}")).status == 431


def test_a_head_within_the_limits_is_taken_however_it_arrives(strict_gateway: Gateway) -> None:
    sent = request(*(f"X-{number}: {'x' * 200}" for number in range(15)))
    assert exchange(strict_gateway.url, sent).status == 200
    with connect(strict_gateway.url) as connection:
        for start in range(0, len(sent), 500):
            connection.sendall(sent[start : start + 500])
            time.sleep(0.01)
        assert read(connection).status == 200


def test_heads_are_counted_each_for_itself(strict_gateway: Gateway) -> None:
    with connect(strict_gateway.url) as connection:
        for _ in range(10):
            connection.sendall(request(f"X-Large: {'x' * 3_000}"))
            assert read(connection).status == 200


def test_trailers_are_limited_too(strict_gateway: Gateway) -> None:
    trailers = "".join(f"X-{number}: {'x' * 500}\r\n" for number in range(10))
    sent = f"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{trailers}\r\n"
    with connect(strict_gateway.url) as connection:
        connection.sendall(sent.encode())
        read(connection)
        assert seconds_until_closed(connection) < SOON


# Patience.


@pytest.mark.parametrize("sent", [b"G", b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1"])
def test_a_head_that_does_not_end_is_given_up(strict_gateway: Gateway, sent: bytes) -> None:
    with connect(strict_gateway.url) as connection:
        begin = time.monotonic()
        connection.sendall(sent)
        assert read(connection).status == 408
        assert 0.9 < time.monotonic() - begin < SOON


def test_a_head_that_trickles_is_given_up(strict_gateway: Gateway) -> None:
    begin = time.monotonic()
    with connect(strict_gateway.url) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < 2 * SOON:
                connection.sendall(b"X-A: 1\r\n")
                time.sleep(0.2)
    assert time.monotonic() - begin < SOON


def test_the_second_head_of_a_connection_is_given_up_alike(strict_gateway: Gateway) -> None:
    with connect(strict_gateway.url) as connection:
        connection.sendall(request())
        assert read(connection).status == 200
        begin = time.monotonic()
        connection.sendall(b"GET /hea")
        assert read(connection).status == 408
        assert time.monotonic() - begin < SOON


def test_a_connection_without_a_request_is_ended(strict_gateway: Gateway) -> None:
    with connect(strict_gateway.url) as connection:
        assert 0.9 < seconds_until_closed(connection) < SOON


def test_a_connection_is_kept_between_requests_for_a_while(strict_gateway: Gateway) -> None:
    with connect(strict_gateway.url) as connection:
        for _ in range(3):
            connection.sendall(request())
            assert read(connection).status == 200
            time.sleep(0.5)
        assert seconds_until_closed(connection) < SOON


def test_a_body_that_nobody_reads_may_not_trickle_forever(strict_gateway: Gateway) -> None:
    begin = time.monotonic()
    with connect(strict_gateway.url) as connection:
        connection.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert read(connection).status == 404
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begin < 2 * SOON:
                connection.sendall(b"x")
                time.sleep(0.1)
    assert time.monotonic() - begin < SOON


def test_hundreds_of_idle_connections_keep_nobody_out(gateway: Gateway) -> None:
    with contextlib.ExitStack() as opened:
        for _ in range(300):
            opened.enter_context(connect(gateway.url)).sendall(b"GET /healthz HTTP/1.1\r\n")
        assert exchange(gateway.url, request()).status == 200


def test_a_client_that_does_not_read_is_cut_off() -> None:
    ended = threading.Event()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        finally:
            ended.set()

    with serving(Edge(flood, access_log=False), send_timeout_seconds=0.5) as url, connect(url) as connection:
        connection.sendall(request())
        assert not ended.wait(0.3)
        assert ended.wait(30)


def test_a_client_that_reads_slowly_gets_all() -> None:
    size = 8_000_000

    async def large(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * size})

    with serving(large, send_timeout_seconds=0.5) as url, connect(url) as connection:
        connection.sendall(request())
        received = 0
        while received < size and (more := connection.recv(200_000)):
            received += len(more)
            time.sleep(0.03)
    assert received >= size


# Connections of one address.


@pytest.fixture
def crowded(strict_gateway: Gateway) -> Iterator[str]:
    """A gateway that has as many connections of this address as it takes."""
    with contextlib.ExitStack() as opened:
        for _ in range(20):
            connection = opened.enter_context(connect(strict_gateway.url))
            connection.sendall(request())
            assert read(connection).status == 200
        yield strict_gateway.url


def test_one_connection_too_many_is_refused(crowded: str) -> None:
    with connect(crowded) as connection:
        assert read(connection).status == 503


def test_there_is_room_again_when_connections_end(strict_gateway: Gateway, crowded: str) -> None:
    # Those above are ended by the gateway when nothing more comes.
    time.sleep(2)
    assert exchange(strict_gateway.url, request()).status == 200


def test_the_whole_server_takes_so_many_connections() -> None:
    with serving(whoami, connection_limit=3) as url, contextlib.ExitStack() as opened:
        for _ in range(2):
            opened.enter_context(connect(url))
        time.sleep(0.1)
        assert exchange(url, request()).status == 503


# Proxies.

CLAIMS = {
    "x-forwarded-for": "8.8.8.8",
    "x-forwarded-proto": "https",
    "x-real-ip": "8.8.4.4",
    "forwarded": "for=8.8.4.4",
}


def test_what_a_stranger_says_of_its_address_is_ignored() -> None:
    with serving(whoami) as url:
        assert httpx.get(url, headers=CLAIMS).text == "127.0.0.1 http"
    with serving(whoami, trusted_proxies="10.0.0.0/8") as url:
        assert httpx.get(url, headers=CLAIMS).text == "127.0.0.1 http"


def test_a_trusted_proxy_is_believed() -> None:
    with serving(whoami, trusted_proxies="127.0.0.0/8") as url:
        assert httpx.get(url, headers=CLAIMS).text == "8.8.8.8 https"


def test_only_the_last_stranger_in_the_list_is_the_client() -> None:
    with serving(whoami, trusted_proxies="127.0.0.0/8,10.0.0.0/8") as url:
        forwarded = {"x-forwarded-for": "1.1.1.1, 8.8.8.8, 10.0.0.7"}
        assert httpx.get(url, headers=forwarded).text == "8.8.8.8 http"
