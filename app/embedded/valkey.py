"""The embedded Valkey server: a cache without persistence."""

import os
import signal
import socket
import time
from collections.abc import Iterator

from app.embedded.files import replace_file
from app.embedded.folder import DataFolder
from app.embedded.identity import Identity
from app.embedded.logs import ServerLog
from app.embedded.ports import LOOPBACK, choose_port
from app.embedded.process import Child, reaping, spawn, stopping
from app.errors import StartError

# The file that holds the password.
VALKEY_SECRET = "valkey"  # noqa: S105 - a file's name
VALKEY_PROCESS = "valkey-server"
# It has nothing to bring to disk.
_DEATH_SIGNAL = signal.SIGKILL
_STOP = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0))
_PAUSE = 0.02
_START_SECONDS = 30.0
_PORT_TAKEN = "Address already in use"


class Valkey:
    """Valkey on a port of the loopback address, with a password."""

    name = "Valkey"

    def __init__(self, folder: DataFolder, identity: Identity, port: int) -> None:
        self.port = port
        self.child: Child | None = None
        self._token = folder.token
        self._identity = identity
        self._password = folder.keep_secret(VALKEY_SECRET)
        self._settings = folder.secrets / "valkey.conf"
        self._log = ServerLog(folder.logs, "valkey")

    def starting(self, *, may_move: bool) -> Iterator[float]:
        """Start the server, having ended one that an earlier gateway left, and wait for its answer."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            yield from reaping(VALKEY_PROCESS, self._token)
            if may_move:
                self.port = choose_port(self.port)
            child = self._spawn()
            while child.poll() is None and not self._answers() and time.monotonic() < deadline:
                yield _PAUSE
            if child.poll() is None and self._answers():
                return
            yield from self.stopping()
            if time.monotonic() > deadline or _PORT_TAKEN not in self._log.since_start():
                raise StartError(f"{self.name} does not start: {self.reason()} (see {self._log.path})")
            yield 0.2

    def stopping(self) -> Iterator[float]:
        """End it; what it holds can be computed again."""
        if self.child is not None:
            yield from stopping(self.child, _STOP)

    def reason(self) -> str:
        """Return the last thing the log says about why the server ended."""
        return self._log.reason()

    def _spawn(self) -> Child:
        replace_file(self._settings, _settings(self.port, self._password, self._token))
        output = self._log.open()
        try:
            # Given open, because the server's user cannot read the folder of secrets.
            with self._settings.open("rb") as settings:
                self.child = spawn(
                    [self._identity.binaries.valkey, "-"],
                    switch=self._identity.switch,
                    death_signal=_DEATH_SIGNAL,
                    output=output,
                    source=settings,
                )
        finally:
            os.close(output)
        return self.child

    def _answers(self) -> bool:
        greeting = f"AUTH {self._password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(greeting)
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def _settings(port: int, password: str, token: str) -> str:
    return "\n".join(
        [
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            "daemonize no",
            "dir /",
            # A cache: never on disk, never larger than this.
            'save ""',
            "appendonly no",
            "maxmemory 128mb",
            "maxmemory-policy allkeys-lru",
            "loglevel notice",
            # Makes the process recognisable as this folder's.
            f'proc-title-template "{{title}} {{listen-addr}} {token}"',
            "",
        ]
    )
