"""The server: taking its address, and stopping without losing a request."""

import asyncio
import socket
import threading
import time

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.edge import Edge
from app.errors import StartError
from app.server import bind, url_of
from app.settings import Settings
from tests.app.serving import serving
from tests.app.wire import connect, exchange, read

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Slow:
    """An application whose answers take as long as the test wants."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = threading.Event()
        self.cancelled = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun.set()
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Counted(Slow):
    """One that counts the requests that have begun, and answers none before the server is told to stop."""

    running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running += 1
        await super().__call__(scope, receive, send)


def test_a_used_port_is_told_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 is in use .* set GATEWAY_PORT"):
            bind(Settings(port=port))


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid"])
def test_a_foreign_address_is_told(host: str) -> None:
    with pytest.raises(StartError, match=r"is no address of this machine: set GATEWAY_HOST"):
        bind(Settings(host=host, port=0))


def test_a_port_can_be_taken_again_at_once() -> None:
    with serving(Slow(0)) as url:
        assert httpx.get(url).text == "ok"
    # The connection of the request is in TIME_WAIT now.
    settings = Settings(port=httpx.URL(url).port or 0)
    with bind(settings) as listener:
        assert url_of(listener, settings) == url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - a test of it
def test_the_url_is_one_that_this_machine_reaches(host: str) -> None:
    with serving(Slow(0), host=host) as url:
        assert httpx.get(url).text == "ok"


def test_running_requests_finish_while_the_server_stops() -> None:
    app = Slow(0.5)
    with serving(Edge(app, access_log=False)) as url:
        connection = connect(url)
        connection.sendall(GET)
        assert app.begun.wait(30)
    with connection:
        assert read(connection).body == b"ok"
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def test_hundreds_of_running_requests_finish_while_the_server_stops() -> None:
    app = Counted(1.0)
    with serving(Edge(app, access_log=False)) as url:
        connections = [connect(url) for _ in range(400)]
        for connection in connections:
            connection.sendall(GET)
        deadline = time.monotonic() + 60
        while app.running < len(connections):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    for connection in connections:
        with connection:
            assert read(connection).body == b"ok"


def test_requests_that_do_not_finish_in_time_are_told() -> None:
    app = Slow(30)
    begin = time.monotonic()
    with serving(Edge(app, access_log=False), shutdown_grace_seconds=1) as url:
        connection = connect(url)
        connection.sendall(GET)
        assert app.begun.wait(30)
    assert 0.9 < time.monotonic() - begin < 20
    assert app.cancelled.is_set()
    with connection:
        assert read(connection).status == 503


class Lingering(Slow):
    """One whose requests have something to do yet when they are cancelled, and take long for it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(30)
        self.left = seconds
        self.ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            try:
                await asyncio.sleep(self.left)
            finally:
                self.ended.set()


@pytest.mark.parametrize("seconds", [0.5, 300], ids=["a moment", "without end"])
def test_the_server_stops_after_the_requests_that_it_cancelled(seconds: float) -> None:
    app = Lingering(seconds)
    had_ended: list[bool] = []
    begin = time.monotonic()
    with serving(app, stopped=lambda: had_ended.append(app.ended.is_set()), shutdown_grace_seconds=1) as url:
        connection = connect(url)
        connection.sendall(GET)
        assert app.begun.wait(30)
    connection.close()
    assert had_ended == [True]
    assert time.monotonic() - begin < 20


def test_idle_connections_do_not_hold_a_stop_up() -> None:
    with serving(Edge(Slow(0), access_log=False)) as url:
        connection = connect(url)
        connection.sendall(GET)
        read(connection)
        begin = time.monotonic()
    assert time.monotonic() - begin < 5
    connection.close()


def test_requests_are_taken_until_load_balancers_have_noticed() -> None:
    with serving(Edge(Slow(0), access_log=False), shutdown_delay_seconds=1) as url:
        stopping = threading.Thread(target=_still_answers, args=(url, time.monotonic() + 0.6))
        stopping.start()
    stopping.join()
    with pytest.raises(ConnectionRefusedError):
        connect(url)


def _still_answers(url: str, until: float) -> None:
    while time.monotonic() < until:
        assert exchange(url, GET).status == 200
        time.sleep(0.05)
