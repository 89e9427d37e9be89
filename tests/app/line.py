"""A connection without a socket, fed by hand."""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from app.connections import limited_protocol
from app.crowd import Crowd
from app.exchange import NOTES, WIRE
from app.patience import ConnectionLimits

LIMITS = ConnectionLimits(head_bytes=2000, head_count=20, receive_seconds=60, send_seconds=60)


def post(body: bytes, *lines: bytes, length: int | None = None) -> bytes:
    head = b"POST /graphql?x=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc\r\n"
    told = b"Content-Length: %d\r\n" % (len(body) if length is None else length)
    return head + b"".join(line + b"\r\n" for line in lines) + told + b"\r\n" + body


class Wire(asyncio.Transport):
    """What a connection writes to, and no more: there is no other side."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 80), "peername": ("127.0.0.1", 40000)})
        self.sent = b""
        self.is_closed = False
        self.is_paused = False

    def write(self, data: Any) -> None:
        if not self.is_closed:
            self.sent += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        return 0


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with all that a request is."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    told = {name: value for name, value in scope.items() if name not in {"asgi", NOTES, WIRE}}
    content = repr((sorted(told.items(), key=str), body)).encode()
    scope["headers"].append((b"mark", b"that no other request may see"))
    scope["state"]["mark"] = "that no other request may see"
    for _ in range(20 if body == b"slow" else 0):
        await asyncio.sleep(0)
    headers = [(b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class Line:
    """A server's connection, fed by hand."""

    def __init__(
        self,
        app: ASGIApp = echo,
        *,
        knows: bool = True,
        beside: "Line | None" = None,
        limits: ConnectionLimits = LIMITS,
        idle: float = 5,
    ) -> None:
        """Open a connection, to the server of another one where it is beside that."""
        config = uvicorn.Config(app, interface="asgi3", ws="none", lifespan="off", log_config=None, access_log=False)
        config.load()
        self.taken = 0
        own: Any = limited_protocol(limits, Crowd(10, ()))
        self.protocol: Any = beside.protocol if beside else own
        self.connection: Any = self.protocol(config=config, server_state=ServerState(), app_state={})
        if knows:
            self._take = self.connection._take
            self.connection._take = self._count
        else:
            self.connection.known_heads.find = lambda data: None
        self.connection.timeout_keep_alive = idle
        self.wire = Wire()
        self.connection.connection_made(self.wire)

    def _count(self, data: bytes) -> bool:
        is_taken: bool = self._take(data)
        self.taken += is_taken
        return is_taken

    async def feed(self, *pieces: bytes) -> None:
        for piece in pieces:
            if not self.wire.is_closed:
                self.connection.data_received(piece)
            for _ in range(4):
                await asyncio.sleep(0)

    async def settle(self) -> None:
        """Wait until all that may be answered is."""
        for _ in range(300):
            await asyncio.sleep(0)

    async def end(self) -> bytes:
        """End the connection, when all that may be answered is."""
        await self.settle()
        self.connection.connection_lost(None)
        await asyncio.sleep(0)
        return self.wire.sent
