"""What the process that owns running servers tells others: who it is, and where the servers listen."""

import contextlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from app.embedded.files import replace_file
from app.embedded.folder import DataFolder
from app.embedded.locks import is_locked

Part = Literal["postgres", "valkey"]
PARTS: tuple[Part, ...] = ("postgres", "valkey")


class Owner(BaseModel):
    """The process whose children the servers are."""

    model_config = ConfigDict(frozen=True)

    pid: int
    command: str

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid})" if self.pid else "another command"


class RunningServer(BaseModel):
    """One server process."""

    model_config = ConfigDict(frozen=True)

    pid: int
    port: int


class Runtime(BaseModel):
    """Servers that are ready to be used."""

    model_config = ConfigDict(frozen=True)

    owner: Owner
    identity: str
    servers: dict[Part, RunningServer]

    @property
    def ports(self) -> dict[Part, int]:
        """Where each server listens."""
        return {part: server.port for part, server in self.servers.items()}


def read_runtime(folder: DataFolder) -> Runtime | None:
    """Return what the file says; it is current only while that owner holds the folder."""
    text = _read(folder.runtime)
    with contextlib.suppress(ValidationError):
        return Runtime.model_validate_json(text)
    return None


def write_runtime(folder: DataFolder, runtime: Runtime) -> None:
    """Tell others that the servers are ready."""
    replace_file(folder.runtime, runtime.model_dump_json(indent=2) + "\n")


def owner_of(folder: DataFolder) -> Owner | None:
    """Return who holds the folder now, or nothing when nobody does."""
    if not is_locked(folder.lock):
        return None
    with contextlib.suppress(ValidationError):
        return Owner.model_validate_json(_read(folder.lock))
    # Taken a moment ago and not signed yet.
    return Owner(pid=0, command="")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
