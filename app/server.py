"""The HTTP server: uvicorn with the gateway's limits, and a stop that loses no request."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_network
from time import monotonic
from types import FrameType
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from app.accepting import EncryptedServer
from app.connections import limited_protocol
from app.crowd import Crowd
from app.errors import StartError
from app.patience import ConnectionLimits
from app.settings import Settings
from app.tls import server_context

_BACKLOG: Final = 2048
_CANCELLATIONS: Final = 2
_CANCELLED_SECONDS: Final = 2
"""How long what was cancelled may take to end, before it is cancelled again, and how often that is done."""
_INTERRUPTED: Final = 130


def bind(settings: Settings) -> socket.socket:
    """Take the address before anything heavy starts; StartError says what to change where it can't be had."""
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except BaseException:
            listener.close()
            raise
    except socket.gaierror:
        raise StartError(f"{host} is no address of this machine: set GATEWAY_HOST to one, such as 127.0.0.1") from None
    except OSError as error:
        raise StartError(_explained(error, host, port)) from None
    return listener


def _explained(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use by another program: stop that one, or set GATEWAY_PORT to a free"
                " port (0 picks one)"
            )
        case errno.EACCES:
            return f"port {port} may not be used by this user: set GATEWAY_PORT to one above 1023"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine: set GATEWAY_HOST to one, such as 127.0.0.1"
        case _:
            return f"cannot serve on {host}:{port}: {error.strerror}; change GATEWAY_HOST or GATEWAY_PORT"


def url_of(listener: socket.socket, settings: Settings) -> str:
    """Return the address under which this machine reaches the server."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not bound to
    return f"{'https' if settings.tls_certificate else 'http'}://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn's server, which on the first signal drains and on a second one ends at once.

    Draining: `stopping` is called (so that /readyz says no), requests are taken for as long as a load balancer needs
    to notice, then no more are, and those that run may finish.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, *, started: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        self._crowd = _crowd(settings)
        super().__init__(_configuration(app, settings, self._crowd))
        self.has_started = asyncio.Event()
        self._tls = server_context(settings)
        self._delay = settings.shutdown_delay_seconds
        self._started = started
        self._stopping = stopping
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve and say so."""
        await super().startup([])
        try:
            self.servers = [await self._listen(listener) for listener in sockets or ()]
        except OSError as error:
            # Another program took the port between the first look and now.
            raise StartError(_explained(error, self.config.host, self.config.port)) from None
        self._started()
        self.has_started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and wait for what uvicorn only cancels: what becomes of an operation is recorded at its end."""
        await super().shutdown(sockets)
        for _ in range(_CANCELLATIONS):
            if not self.server_state.tasks:
                return
            _, left = await asyncio.wait(set(self.server_state.tasks), timeout=_CANCELLED_SECONDS)
            for task in left:
                # It waits for something at its end too, such as a database that does not answer.
                task.cancel()

    async def _listen(self, listener: socket.socket) -> asyncio.Server:
        """Take connections as uvicorn would, which has no limit for TLS handshakes."""
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        make = partial(protocol, config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        if self._tls is not None:
            encrypted = EncryptedServer(
                listener, lambda visit: make(visit=visit), self._tls, self._crowd, backlog=_BACKLOG
            )
            return cast("asyncio.Server", encrypted)
        return await asyncio.get_running_loop().create_server(make, sock=listener, backlog=_BACKLOG)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals here; uvicorn would send them to the process again after its own stop, and end it."""
        if threading.current_thread() is not threading.main_thread():
            # Only the main thread can; whoever serves from another one ends it by `drain`.
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        """Begin to stop; at a second Ctrl-C end the process, as kill -9 would."""
        if self._stop_at is not None and sig == signal.SIGINT:
            os._exit(_INTERRUPTED)
        self.drain()

    def drain(self) -> None:
        """Begin to stop, as at a signal."""
        if self._stop_at is None:
            self._stop_at = monotonic() + self._delay
            self._stopping()

    async def on_tick(self, counter: int) -> bool:
        """Tell uvicorn, which asks ten times a second, whether to take no more requests."""
        if self._stop_at is not None and monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def _crowd(settings: Settings) -> Crowd:
    proxies = tuple(ip_network(network) for network in settings.trusted_proxies)
    return Crowd(settings.connection_limit_per_address, proxies)


def _configuration(app: ASGIApp, settings: Settings, crowd: Crowd) -> uvicorn.Config:
    limits = ConnectionLimits(
        head_bytes=settings.header_limit_bytes,
        head_count=settings.header_limit_count,
        receive_seconds=settings.receive_timeout_seconds,
        send_seconds=settings.send_timeout_seconds,
        origins=frozenset(origin.encode() for origin in settings.cors_origins),
    )
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=limited_protocol(limits, crowd),
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(crowd.proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=settings.connection_limit,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
    )
