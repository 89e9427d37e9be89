"""Taking connections that are encrypted, each of which is counted from its first moment.

asyncio's own server makes a protocol of a connection when the keys are agreed on: until then a client could have as
many as it likes.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Final

from app.addresses import plain
from app.crowd import Crowd, Visit
from app.tls import HANDSHAKE_SECONDS

_AT_ONCE: Final = 100
_PAUSE_SECONDS: Final = 0.5
"""How long nothing is taken where the process has no file descriptor left."""


class EncryptedServer:
    """Takes connections of one listening socket; `make` makes a protocol of each, with its visit.

    It has what uvicorn asks of a server of asyncio's.
    """

    def __init__(
        self,
        listener: socket.socket,
        make: Callable[[Visit], asyncio.Protocol],
        context: ssl.SSLContext,
        crowd: Crowd,
        *,
        backlog: int,
    ) -> None:
        """Begin to listen."""
        self._listener = listener
        self._make = make
        self._context = context
        self._crowd = crowd
        self._agreeing: set[asyncio.Task[None]] = set()
        self._pausing: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        listener.listen(backlog)
        self._resume()

    def close(self) -> None:
        """Take no more connections, and let go of those without keys."""
        if self._pausing is not None:
            self._pausing.cancel()
        if self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
        for agreeing in self._agreeing:
            agreeing.cancel()

    async def wait_closed(self) -> None:
        """Wait until nothing of it is left but the connections that it made."""
        while self._agreeing:
            await asyncio.wait(set(self._agreeing))

    def _resume(self) -> None:
        self._pausing = None
        asyncio.get_running_loop().add_reader(self._listener, self._take_some)

    def _take_some(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:
                # No file descriptor or no memory is left: the socket would be ready again at once.
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listener)
                self._pausing = loop.call_later(_PAUSE_SECONDS, self._resume)
                return
            self._take(connection, self._crowd.enter(plain(address[0])))

    def _take(self, connection: socket.socket, visit: Visit) -> None:
        if visit.is_one_too_many:
            # It could be told why only after the handshake.
            visit.end()
            connection.close()
            return
        agreeing = asyncio.get_running_loop().create_task(self._agree(connection, visit))
        self._agreeing.add(agreeing)
        agreeing.add_done_callback(self._agreeing.discard)

    async def _agree(self, connection: socket.socket, visit: Visit) -> None:
        connection.setblocking(False)
        try:
            # What the protocol does with its visit it does once there are keys.
            await asyncio.get_running_loop().connect_accepted_socket(
                partial(self._make, visit), connection, ssl=self._context, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except (OSError, asyncio.CancelledError):
            visit.end()
            with contextlib.suppress(OSError):
                connection.close()
