"""HTTP by hand, for requests that no client library would send."""

import socket
import time
from dataclasses import dataclass

import httpx


@dataclass
class Reply:
    """What came back on a connection."""

    status: int
    head: str
    body: bytes


def connect(url: str, timeout: float = 15) -> socket.socket:
    """Open a connection to the server of a URL."""
    parsed = httpx.URL(url)
    return socket.create_connection((parsed.host, parsed.port or 80), timeout=timeout)


def exchange(url: str, request: bytes, timeout: float = 15) -> Reply:
    """Send bytes on a new connection and read one response."""
    with connect(url, timeout) as connection:
        connection.sendall(request)
        return read(connection)


def read(connection: socket.socket) -> Reply:
    """Read one response, or what there is of it until the connection ends; status 0 where nothing came."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := _receive(connection)):
            return Reply(0, data.decode("latin-1"), b"")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = next(
        (int(line.split(":")[1]) for line in text.splitlines() if line.lower().startswith("content-length:")), 0
    )
    while len(body) < length and (more := _receive(connection)):
        body += more
    return Reply(int(text.split()[1]), text.lower(), body)


def seconds_until_closed(connection: socket.socket) -> float:
    """Wait until the other side ends the connection."""
    begin = time.monotonic()
    while _receive(connection):
        pass
    return time.monotonic() - begin


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""
