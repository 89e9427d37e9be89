"""Where the worker listens for queries, so that only its own user can reach it."""

import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schema.warehouse_wire import can_be_socket, port_file_of, socket_of


@dataclass(frozen=True)
class Listening:
    """A socket that readers can find; with a `token` where other users of the machine could find it too."""

    socket: socket.socket
    token: str | None = None


@contextmanager
def listening(database: Path) -> Iterator[Listening]:
    """Listen beside a database's file, for the time of the block."""
    path = socket_of(database)
    has_sockets = hasattr(socket, "AF_UNIX") and can_be_socket(path)
    with _on_socket(path) if has_sockets else _on_port(port_file_of(database)) as place:
        yield place


@contextmanager
def _on_socket(path: Path) -> Iterator[Listening]:
    # What an owner left that was killed is replaced; and nobody can connect before the mode is right.
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(scratch))
        scratch.chmod(0o600)
        made.listen()
        scratch.replace(path)
        try:
            yield Listening(made)
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _on_port(path: Path) -> Iterator[Listening]:
    token = secrets.token_urlsafe(24)
    with socket.create_server(("127.0.0.1", 0)) as made:
        scratch = path.with_suffix(".new")
        scratch.unlink(missing_ok=True)
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"port": made.getsockname()[1], "token": token}, file)
        scratch.replace(path)
        try:
            yield Listening(made, token)
        finally:
            path.unlink(missing_ok=True)
