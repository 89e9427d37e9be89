"""The embedded stack: PostgreSQL and Valkey on a data folder, as children of this process or of another."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import psutil

from app.embedded.binaries import locate
from app.embedded.endpoints import Endpoints, endpoints_of
from app.embedded.files import read_json, write_json
from app.embedded.folder import DataFolder, make_folder
from app.embedded.identity import choose_identity
from app.embedded.locks import FileLock
from app.embedded.ports import answers
from app.embedded.postgres import Postgres
from app.embedded.postgres_settings import PostgresTuning
from app.embedded.process import run_through
from app.embedded.runtime import (
    PARTS,
    Owner,
    Part,
    RunningServer,
    Runtime,
    owner_of,
    read_runtime,
    write_runtime,
)
from app.embedded.server import Server
from app.embedded.supervision import Watch, keep_alive
from app.embedded.valkey import Valkey
from app.errors import StartError

Report = Callable[[str], None]
_JOIN_SECONDS = 120.0
_PAUSE = 0.05
_TUNING = PostgresTuning()


class Stack:
    """Servers that are ready; those of another process when this one has joined it."""

    def __init__(self, folder: DataFolder, endpoints: Endpoints) -> None:
        self.folder = folder
        self.endpoints = endpoints

    def stop(self) -> None:
        """End the servers in order if they are this process's; harmless the second time."""

    async def supervise(self) -> None:
        """Restart servers of this process that die; runs until `stop`, StartError when that does not help."""


class _OwnStack(Stack):
    def __init__(self, folder: DataFolder, lock: FileLock, owner: Owner) -> None:
        super().__init__(folder, Endpoints())
        self._lock = lock
        self._owner = owner
        self._identity = ""
        self._servers: dict[Part, Server] = {}
        self._down: set[Part] = set()
        self._is_stopped = False

    def start(self, parts: Collection[Part], report: Report, tuning: PostgresTuning) -> None:
        try:
            self._start(parts, report, tuning)
        except OSError as error:
            self.stop()
            raise StartError(f"the embedded servers of {self.folder.path} do not start: {error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._is_stopped:
            return
        self._is_stopped = True
        self.folder.runtime.unlink(missing_ok=True)
        for server in reversed(self._servers.values()):
            run_through(server.stopping())
        self._lock.release()

    async def supervise(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for part, server in self._servers.items():
                    group.create_task(keep_alive(server, self._watch(part)))
        except BaseExceptionGroup as failures:
            # Not by `except*`, from which the first releases of Python 3.11 raise one exception as a group again.
            told = failures.subgroup(StartError)
            if told is None:
                raise
            raise told.exceptions[0] from None

    def _start(self, parts: Collection[Part], report: Report, tuning: PostgresTuning) -> None:
        folder = self.folder
        folder.runtime.unlink(missing_ok=True)
        self._lock.write(self._owner.model_dump_json())
        identity = choose_identity(folder.path, locate())
        self._identity = identity.description
        ports = _remembered_ports(folder)
        if "postgres" in parts:
            postgres = Postgres(folder, identity, tuning, ports["postgres"], report)
            postgres.prepare()
            self._servers["postgres"] = postgres
        if "valkey" in parts:
            self._servers["valkey"] = Valkey(folder, identity, ports["valkey"])
        for server in self._servers.values():
            report(f"starting {server.name}")
            run_through(server.starting(may_move=True))
        ports |= {part: server.port for part, server in self._servers.items()}
        write_json(folder.ports, ports)
        self.endpoints = endpoints_of(folder, {part: ports[part] for part in self._servers})
        self._publish()

    def _watch(self, part: Part) -> Watch:
        return Watch(
            is_wanted=lambda: not self._is_stopped,
            died=partial(self._withdraw, part),
            is_back=partial(self._restore, part),
        )

    def _withdraw(self, part: Part) -> None:
        """Let other commands wait until the server is back."""
        self._down.add(part)
        self.folder.runtime.unlink(missing_ok=True)

    def _restore(self, part: Part) -> None:
        self._down.discard(part)
        if not self._down:
            self._publish()

    def _publish(self) -> None:
        servers = {
            part: RunningServer(pid=server.child.pid, port=server.port)
            for part, server in self._servers.items()
            if server.child is not None
        }
        write_runtime(self.folder, Runtime(owner=self._owner, identity=self._identity, servers=servers))


def start_stack(
    folder: Path,
    *,
    owner: str,
    parts: Collection[Part] = PARTS,
    report: Report = lambda _: None,
    tuning: PostgresTuning = _TUNING,
) -> Stack:
    """Start the servers of the data folder as children of this process, alone.

    `owner` is what others are told uses the folder, such as `gateway serve`; `report` receives a line for
    each step. Call it from the main thread. StartError when another process holds the folder, naming it.
    """
    place = make_folder(folder)
    lock = FileLock(place.lock)
    if not lock.try_exclusive(patience=0.3):
        raise StartError(
            f"{place.path} is in use by {owner_of(place) or 'another command'}: stop it first,"
            " or set GATEWAY_DATA_DIR to another folder to run a second instance"
        )
    stack = _OwnStack(place, lock, Owner(pid=os.getpid(), command=owner))
    stack.start(parts, report, tuning)
    return stack


@contextlib.contextmanager
def open_stack(
    folder: Path,
    *,
    owner: str,
    parts: Collection[Part] = PARTS,
    report: Report = lambda _: None,
    tuning: PostgresTuning = _TUNING,
) -> Iterator[Stack]:
    """Give the servers of the data folder for the time of a command, whether or not they are running.

    Uses those of a running process, or starts them and stops them at the end, once the commands that joined
    meanwhile have finished as well. Arguments as for `start_stack`.
    """
    place = make_folder(folder)
    lock, lease = FileLock(place.lock), FileLock(place.lease)
    joined = _own_or_join(place, lock, lease, parts, report)
    if joined is not None:
        try:
            yield joined
        finally:
            lease.release()
        return
    stack = _OwnStack(place, lock, Owner(pid=os.getpid(), command=owner))
    stack.start(parts, report, tuning)
    try:
        yield stack
    finally:
        try:
            if not lease.try_exclusive():
                report("waiting for other commands that use the servers of this one")
                lease.exclusive()
        finally:
            stack.stop()
            lease.release()


def _own_or_join(
    place: DataFolder, lock: FileLock, lease: FileLock, parts: Collection[Part], report: Report
) -> Stack | None:
    """Return another process's servers with the lease held, or nothing with the lock held."""
    deadline = time.monotonic() + _JOIN_SECONDS
    is_told = False
    with contextlib.ExitStack() as undo:
        # From here on an owner that is about to end waits for this process.
        lease.shared()
        undo.callback(lease.release)
        while not lock.try_exclusive():
            runtime = read_runtime(place)
            owner = owner_of(place)
            if runtime and _is_current(runtime, owner):
                stack = _joined(place, runtime, parts)
                undo.pop_all()
                return stack
            if time.monotonic() > deadline:
                raise StartError(
                    f"the servers of {place.path} belong to {owner or 'another command'} and are not ready"
                    f" after {_JOIN_SECONDS:.0f} s: try again, or end that process"
                )
            if owner and not is_told:
                is_told = True
                report(f"waiting for the servers of {owner}")
            time.sleep(_PAUSE)
    return None


def _is_current(runtime: Runtime, owner: Owner | None) -> bool:
    # A new owner may hold the lock already while both notes are still those of one that was killed.
    is_alive = runtime.owner == owner and psutil.pid_exists(runtime.owner.pid)
    return is_alive and all(map(answers, runtime.ports.values()))


def _joined(place: DataFolder, runtime: Runtime, parts: Collection[Part]) -> Stack:
    if missing := [part for part in parts if part not in runtime.servers]:
        raise StartError(
            f"{runtime.owner} runs on {place.path} without {' and '.join(missing)}: give this command the"
            " same settings as that one"
        )
    return Stack(place, endpoints_of(place, {part: runtime.ports[part] for part in parts}))


def _remembered_ports(folder: DataFolder) -> dict[str, int]:
    remembered = read_json(folder.ports) or {}
    return {part: port if isinstance(port := remembered.get(part), int) else 0 for part in PARTS}
