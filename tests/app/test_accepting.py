"""Taking encrypted connections: all are counted, none holds up the stop, and what runs out is waited for."""

import asyncio
import errno
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.accepting import EncryptedServer
from app.crowd import Crowd, Visit
from app.settings import Settings
from app.tls import server_context
from tests.app.serving import serving
from tests.app.test_connections import whoami
from tests.app.test_tls import trusting, write_pair
from tests.app.wire import connect, seconds_until_closed


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Any]:
    return write_pair(tmp_path)


@pytest.fixture
def encrypted(pair: dict[str, Any]) -> Iterator[str]:
    """A server over TLS that takes three connections of one client."""
    with serving(whoami, connection_limit_per_address=3, **pair) as url:
        yield url.replace("127.0.0.1", "localhost")


def test_handshakes_are_counted_too(encrypted: str, pair: dict[str, Any]) -> None:
    begun = [connect(encrypted) for _ in range(3)]
    time.sleep(0.1)
    with connect(encrypted) as one_more:
        assert seconds_until_closed(one_more) < 5
    for connection in begun:
        connection.close()
    time.sleep(0.1)
    answers = [httpx.get(encrypted, verify=trusting(pair)).text for _ in range(5)]
    assert answers == ["127.0.0.1 https"] * 5


def test_a_stop_waits_for_no_handshake(pair: dict[str, Any]) -> None:
    with serving(whoami, **pair) as url:
        begun = connect(url)
        time.sleep(0.1)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 5
    begun.close()
    with pytest.raises(ConnectionRefusedError):
        connect(url)


class Starved(socket.socket):
    """A listening socket of a process without file descriptors, for a while."""

    refusals = 3

    def accept(self) -> Any:
        if self.refusals:
            self.refusals -= 1
            raise OSError(errno.EMFILE, "too many open files")
        return super().accept()


async def test_without_file_descriptors_it_waits_for_some(
    pair: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.accepting._PAUSE_SECONDS", 0.01)
    made: list[Visit] = []

    def make(visit: Visit) -> asyncio.Protocol:
        made.append(visit)
        return asyncio.Protocol()

    context = server_context(Settings(**pair))
    assert context
    listener = Starved()
    listener.bind(("127.0.0.1", 0))
    server = EncryptedServer(listener, make, context, Crowd(3), backlog=5)
    address = listener.getsockname()
    async with asyncio.timeout(10):
        _, writer = await asyncio.open_connection(*address, ssl=trusting(pair), server_hostname="localhost")
    assert (listener.refusals, [visit.client for visit in made]) == (0, ["127.0.0.1"])
    writer.close()
    server.close()
    await server.wait_closed()
