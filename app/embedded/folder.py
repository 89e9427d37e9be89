"""The data folder: the one place of everything embedded, recognised by its marker file."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.embedded.binaries import POSTGRES_MAJOR
from app.embedded.files import new_password, read_json, replace_file, write_json
from app.embedded.locks import FileLock
from app.errors import StartError

FORMAT = 1
MARKER = "gateway.json"
_LOCK = "gateway.lock"
_LEASE = "gateway.lease"
# What a start that was killed before it could write the marker may have left.
_BEFORE_MARKER = {_LOCK, _LEASE, f"{MARKER}.tmp"}
_ELSEWHERE = "set GATEWAY_DATA_DIR to another folder"


@dataclass(frozen=True)
class DataFolder:
    """The places inside a data folder that was found to be ours."""

    path: Path
    id: str

    @property
    def lock(self) -> Path:
        """Held exclusively by the process whose children the servers are."""
        return self.path / _LOCK

    @property
    def lease(self) -> Path:
        """Held shared by commands that use servers of another process."""
        return self.path / _LEASE

    @property
    def runtime(self) -> Path:
        """Tells those commands where the servers listen; absent unless they are ready."""
        return self.path / "runtime.json"

    @property
    def ports(self) -> Path:
        """Remembers the ports from one start to the next."""
        return self.path / "ports.json"

    @property
    def postgres(self) -> Path:
        """Belongs to the user that PostgreSQL runs as."""
        return self.path / "postgres"

    @property
    def warehouse(self) -> Path:
        """Has the DuckDB file, and what the worker keeps beside it."""
        return self.path / "warehouse"

    @property
    def logs(self) -> Path:
        """Has one file per server, and the older ones."""
        return self.path / "logs"

    @property
    def secrets(self) -> Path:
        """Has one file per generated secret, mode 600."""
        return self.path / "secrets"

    @property
    def revocations(self) -> Path:
        """Has a line for each token or subject that was revoked."""
        return self.path / "revocations.jsonl"

    @property
    def token(self) -> str:
        """Marks this folder's server processes in the process table; a copy of the folder has another one."""
        digest = hashlib.sha256(f"{self.id} {self.path}".encode()).hexdigest()
        return f"cienty-{digest[:16]}"

    def secret(self, name: str) -> str | None:
        """Return a generated secret, or nothing when it was not made yet."""
        with contextlib.suppress(FileNotFoundError):
            return (self.secrets / name).read_text(encoding="utf-8").strip() or None
        return None

    def keep_secret(self, name: str, value: str | None = None) -> str:
        """Return the secret of this name, storing the value (a new password by default) when there is none."""
        lock = FileLock(self.secrets / ".lock")
        lock.exclusive()
        try:
            found = self.secret(name)
            if found is None:
                found = value or new_password()
                replace_file(self.secrets / name, found + "\n")
            return found
        finally:
            lock.release()


def find_folder(path: Path) -> DataFolder | None:
    """Return the data folder at the path, or nothing where one could be made.

    Changes nothing. Raises StartError when the path cannot become a data folder or is not ours to use.
    """
    path = path.expanduser().resolve()
    with _explained(path):
        if not path.exists():
            return None
        if not path.is_dir():
            raise StartError(f"the data folder {path} is a file: remove it or {_ELSEWHERE}")
        marker = path / MARKER
        if not marker.exists():
            strangers = {entry.name for entry in path.iterdir()} - _BEFORE_MARKER
            # Whoever makes it at this moment writes the marker before anything else.
            if not marker.exists():
                if not strangers:
                    return None
                raise StartError(
                    f"{path} is not empty and was not made by the gateway (it has no {MARKER}); nothing in it"
                    f" was touched: {_ELSEWHERE}, a new or an empty one"
                )
        return DataFolder(path=path, id=_check(marker))


def make_folder(path: Path) -> DataFolder:
    """Return the data folder at the path, made when there was none; raises StartError."""
    path = path.expanduser().resolve()
    found = find_folder(path)
    with _explained(path):
        if found is None:
            # Root's servers run as a user who must be able to pass through, though not to look around.
            path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            found = _mark(path)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
        for private in (found.logs, found.secrets, found.warehouse):
            private.mkdir(mode=0o700, exist_ok=True)
    return found


def _mark(path: Path) -> DataFolder:
    lock = FileLock(path / _LEASE)
    lock.exclusive()
    try:
        # Another process may have been first.
        found = find_folder(path)
        if found is None:
            identity = secrets.token_hex(8)
            write_json(path / MARKER, {"format": FORMAT, "postgres": POSTGRES_MAJOR, "id": identity})
            found = DataFolder(path=path, id=identity)
        return found
    finally:
        lock.release()


def _check(marker: Path) -> str:
    owner = marker.stat().st_uid
    if owner != os.geteuid():
        raise StartError(
            f"{marker.parent} belongs to the user with id {owner} and this command runs as {os.geteuid()}:"
            f" run it as that user or {_ELSEWHERE}"
        )
    content = read_json(marker) or {}
    made_by, major, identity = content.get("format"), content.get("postgres"), content.get("id")
    if not isinstance(made_by, int) or not isinstance(identity, str):
        raise StartError(f"{marker} is damaged: restore it from a backup or {_ELSEWHERE}")
    if made_by != FORMAT:
        raise StartError(
            f"{marker.parent} has format {made_by} and this version of the gateway knows format {FORMAT}:"
            f" use the version that made it or {_ELSEWHERE}"
        )
    if major != POSTGRES_MAJOR:
        raise StartError(
            f"{marker.parent} was made for PostgreSQL {major} and this version of the gateway has"
            f" {POSTGRES_MAJOR}: dump it with the version that made it and load it anew, or {_ELSEWHERE}"
        )
    return identity


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(f"cannot use the data folder {path}: {error.strerror}; {_ELSEWHERE}") from error
