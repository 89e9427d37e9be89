"""Bodies: how large, and how long they may take."""

import contextlib
import json

from tests.app.graphql_http.asking import QUERY, post
from tests.app.serving import Gateway
from tests.app.wire import connect, exchange, read


def test_a_body_above_the_limit_is_refused_before_it_is_read(strict_gateway: Gateway) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict_gateway.token()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 4097\r\nExpect: 100-continue\r\n\r\n"
    )
    assert exchange(strict_gateway.url, head.encode()).status == 413


def test_a_length_of_many_digits_is_refused(strict_gateway: Gateway) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict_gateway.token()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {'9' * 15}\r\n\r\n"
    )
    assert exchange(strict_gateway.url, head.encode()).status == 413


def test_a_body_without_a_length_is_counted(strict_gateway: Gateway) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict_gateway.token()}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with connect(strict_gateway.url) as connection:
        connection.sendall(head.encode())
        for _ in range(5):
            connection.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        assert read(connection).status == 413


def test_one_that_comes_at_once_is_counted_too(strict_gateway: Gateway) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict_gateway.token()}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    body = json.dumps({"query": QUERY})
    for size, status in ((4096, 200), (4097, 413)):
        whole = b"%x\r\n" % size + body.ljust(size).encode() + b"\r\n0\r\n\r\n"
        assert exchange(strict_gateway.url, head.encode() + whole).status == status


def test_the_largest_body_is_taken(strict_gateway: Gateway) -> None:
    with strict_gateway.client() as client:
        body = json.dumps({"query": QUERY})
        assert post(client, body.ljust(4096).encode()).status_code == 200
        assert post(client, body.ljust(4097).encode()).status_code == 413


def test_a_connection_goes_on_after_a_refused_body(strict_gateway: Gateway) -> None:
    authorization = f"Authorization: Bearer {strict_gateway.token()}\r\nContent-Type: application/json\r\n"
    large = f"POST /graphql HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 9000\r\n\r\n".encode() + b" " * 9000
    small = f"POST /graphql HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 26\r\n\r\n".encode()
    with connect(strict_gateway.url) as connection:
        connection.sendall(large)
        assert read(connection).status == 413
        connection.sendall(small + b'{"query":"{ __typename }"}')
        assert read(connection).status == 200


def test_a_body_that_does_not_arrive_is_given_up(strict_gateway: Gateway) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strict_gateway.token()}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with connect(strict_gateway.url) as connection:
        connection.sendall(head.encode())
        reply = read(connection)
        assert reply.status == 408
        assert "connection: close" in reply.head
        # It is: what the body would have been followed by is not answered.
        with contextlib.suppress(ConnectionError):
            connection.sendall(b" " * 99 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read(connection).status == 0
