"""How a command has the worker do a job: on a socket beside the warehouse's file that only its own user can open.

A request is one line of JSON. Lines come back: `told` while the job runs, then one of `outcome`, `refused` (with the
reason) and `failed` (with the kind of fault). A command that goes away does not end a job that has begun; one that
still waits for its turn is not done.
"""

import json
import logging
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer, ThreadingMixIn
from typing import IO, Any, Final

from etl.batch.jobs import JobRefused, Jobs, Tell, Words
from etl.warehouses.duckdb.address import Listening, listening
from schema.warehouse_wire import can_be_socket, port_file_of, socket_of

_LOG = logging.getLogger(__name__)
_CONNECT_SECONDS: Final = 2.0
_REQUEST_SECONDS: Final = 5.0
_LONGEST_REQUEST: Final = 2**16


class NobodyThere(Exception):
    """No worker takes jobs for this warehouse at the moment."""


class JobFailed(Exception):
    """The worker could not do the job; its log has the whole of it."""


@contextmanager
def serve_jobs(jobs: Jobs, database: Path) -> Iterator[None]:
    """Take jobs for the warehouse's file for the time of the block."""
    with listening(_place_of(database)) as place, _Server(place, jobs) as server:
        thread = threading.Thread(target=server.serve_forever, name="jobs", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def ask(database: Path, job: str, arguments: Words, tell: Tell) -> Words:
    """Have the worker do a job and wait for its outcome; raises NobodyThere, JobRefused and JobFailed."""
    connection, token = _connect(database)
    with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as lines:
        _send(lines, {"token": token, "job": job, "arguments": arguments})
        for line in lines:
            said = json.loads(line)
            if "told" not in said:
                return _outcome(said)
            tell(said["told"])
    raise JobFailed("the worker ended before the job did: its log says why")


def _outcome(said: dict[str, Any]) -> Words:
    if "refused" in said:
        raise JobRefused(said["refused"])
    if "failed" in said:
        raise JobFailed(f"the worker could not do it ({said['failed']}): its log says more")
    outcome: Words = said["outcome"]
    return outcome


def _place_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.jobs")


def _connect(database: Path) -> tuple[socket.socket, str | None]:
    place = _place_of(database)
    path, told = socket_of(place), port_file_of(place)
    try:
        if can_be_socket(path) and path.exists():
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(str(path))
            return connection, None
        said = json.loads(told.read_text())
        connection = socket.create_connection(("127.0.0.1", said["port"]), _CONNECT_SECONDS)
        connection.settimeout(None)
        return connection, said["token"]
    except OSError:
        raise NobodyThere from None


def _send(lines: IO[str], words: Words) -> None:
    lines.write(json.dumps(words, default=str) + "\n")
    lines.flush()


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, place: Listening, jobs: Jobs) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = place.socket
        self.token = place.token
        self.jobs = jobs

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Log it; by itself the server would print a traceback."""
        _LOG.exception("a request for a job could not be answered")


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Do what a connection asks for."""
        self.request.settimeout(_REQUEST_SECONDS)
        # Whoever asked may have gone, and closing says so once more.
        with suppress(OSError), self.request.makefile("rw", encoding="utf-8", newline="\n") as lines:
            try:
                asked = json.loads(lines.readline(_LONGEST_REQUEST))
                token, name, arguments = asked["token"], asked["job"], asked["arguments"]
            except (ValueError, KeyError, TypeError, OSError):
                return
            self.request.settimeout(None)
            # Whoever asked may have gone; the job goes on without them.
            with suppress(OSError, ValueError):
                _send(lines, self._answer(token, name, arguments, lines))

    def _answer(self, token: str | None, name: str, arguments: Words, lines: IO[str]) -> Words:
        def tell(words: Words) -> None:
            with suppress(OSError, ValueError):
                _send(lines, {"told": words})

        if token != self.server.token:
            return {"refused": "another user's worker has the warehouse"}
        try:
            return {"outcome": self.server.jobs.run(name, arguments, tell, self._is_connected)}
        except JobRefused as refusal:
            return {"refused": str(refusal)}
        except Exception as error:  # noqa: BLE001 - the log gets the whole of it, whoever asked its kind
            _LOG.exception("the job %s failed", name)
            return {"failed": type(error).__name__}

    def _is_connected(self) -> bool:
        """Tell whether whoever asked is still there: nothing more is to come, but the end."""
        ready, _, _ = select.select([self.request], [], [], 0.0)
        try:
            return not ready or bool(self.request.recv(1, socket.MSG_PEEK))
        except OSError:
            return False
