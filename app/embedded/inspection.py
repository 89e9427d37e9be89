"""What can be told of a data folder and its servers without starting or changing anything."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.embedded.binaries import locate, version
from app.embedded.folder import DataFolder, find_folder
from app.embedded.ports import answers
from app.embedded.postgres import POSTGRES_PROCESS
from app.embedded.process import find_pids
from app.embedded.runtime import PARTS, Owner, Part, RunningServer, owner_of, read_runtime
from app.embedded.valkey import VALKEY_PROCESS
from app.errors import StartError

_PROCESSES: dict[Part, str] = {"postgres": POSTGRES_PROCESS, "valkey": VALKEY_PROCESS}
_BLOCK = 512
_OTHERS = 0o077


@dataclass(frozen=True)
class ServerInspection:
    """One server that is said to run."""

    pid: int
    port: int
    answers: bool
    memory_bytes: int


@dataclass(frozen=True)
class Inspection:
    """The findings; each problem is a sentence that says what to do."""

    path: Path
    exists: bool
    versions: dict[Part, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    owner: Owner | None = None
    # As whom the servers run.
    identity: str | None = None
    servers: dict[Part, ServerInspection] = field(default_factory=dict)
    size_bytes: int = 0


def inspect(path: Path) -> Inspection:
    """Look at the data folder at the path, whatever is there; faults become problems of the result."""
    versions: dict[Part, str] = {}
    try:
        binaries = locate()
        versions = {"postgres": version(binaries.postgres), "valkey": version(binaries.valkey)}
        folder = find_folder(path)
    except StartError as error:
        return Inspection(path, path.exists(), versions, problems=(str(error),))
    if folder is None:
        return Inspection(path, path.exists(), versions)
    owner, runtime = owner_of(folder), read_runtime(folder)
    if runtime is not None and runtime.owner != owner:
        # Left by one that was killed.
        runtime = None
    servers = {part: _look_at(folder, part, server) for part, server in runtime.servers.items()} if runtime else {}
    return Inspection(
        path,
        exists=True,
        versions=versions,
        problems=tuple(_problems(folder, owner, servers)),
        owner=owner,
        identity=runtime.identity if runtime else None,
        servers=servers,
        size_bytes=_size(folder.path),
    )


def _look_at(folder: DataFolder, part: Part, server: RunningServer) -> ServerInspection:
    memory = sum(_memory(pid) for pid in find_pids(_PROCESSES[part], folder.token))
    return ServerInspection(server.pid, server.port, answers(server.port), memory)


def _memory(pid: int) -> int:
    # What processes share counts for each in part, where the system tells that.
    with contextlib.suppress(psutil.Error):
        memory = psutil.Process(pid).memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    return 0


def _problems(folder: DataFolder, owner: Owner | None, servers: dict[Part, ServerInspection]) -> Iterator[str]:
    for part, server in servers.items():
        if not server.answers:
            log = folder.logs / f"{part}.log"
            yield f"{part} of {owner} does not answer on port {server.port}: see {log}, or start again"
    for part in PARTS:
        left = find_pids(_PROCESSES[part], folder.token)
        if left and owner is None:
            numbers = ", ".join(map(str, left))
            yield f"{part} still runs without its gateway (processes {numbers}): the next start ends it"
    for file in sorted(folder.secrets.iterdir()) if folder.secrets.is_dir() else ():
        if file.stat().st_mode & _OTHERS:
            yield f"{file} can be read by other users: run `chmod 600 {file}`"


def _size(path: Path) -> int:
    total = 0
    for file in path.rglob("*"):
        # Servers remove files meanwhile.
        with contextlib.suppress(FileNotFoundError):
            total += file.lstat().st_blocks * _BLOCK
    return total
