"""The embedded PostgreSQL server."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from app.embedded.cluster import Cluster
from app.embedded.folder import DataFolder
from app.embedded.identity import Identity
from app.embedded.logs import ServerLog
from app.embedded.ports import choose_port
from app.embedded.postgres_settings import PostgresTuning, settings_of
from app.embedded.process import Child, find_pids, reaping, run_through, spawn, stopping
from app.errors import StartError

POSTGRES_PROCESS = "postgres"
# When the parent dies: roll back, write a checkpoint and end. Ending at once (SIGQUIT) would cost the next start
# a recovery, which takes longer than to wait for this.
_DEATH_SIGNAL = signal.SIGINT
_STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
_PAUSE = 0.02
# Processes of a killed server may hold shared memory for a moment.
_RETRY_SECONDS = 20.0
# Replaying the log after a crash takes its time on a slow disk.
_RECOVERY_SECONDS = 300.0
_STATUS_LINE = 7
_WORTH_A_RETRY = ("pre-existing shared memory block", "lock file", "could not create any TCP/IP sockets")


class Postgres:
    """PostgreSQL on the cluster of one data folder."""

    name = "PostgreSQL"

    def __init__(
        self,
        folder: DataFolder,
        identity: Identity,
        tuning: PostgresTuning,
        port: int,
        report: Callable[[str], None],
    ) -> None:
        self.port = port
        self.child: Child | None = None
        self._token = folder.token
        self._identity = identity
        self._tuning = tuning
        self._cluster = Cluster(folder, identity, tuning)
        self._report = report
        self._log = ServerLog(folder.logs, "postgres")
        self._pid_file = self._cluster.data / "postmaster.pid"

    def prepare(self) -> None:
        """Make what the server needs on disk."""
        run_through(self._clearing())
        self._cluster.prepare(self._report)

    def starting(self, *, may_move: bool) -> Iterator[float]:
        """Start the server, having ended what is left of an earlier one, and wait until it has recovered."""
        deadline = time.monotonic() + _RETRY_SECONDS
        while True:
            yield from self._clearing()
            if may_move:
                self.port = choose_port(self.port)
            child = self._spawn()
            yield from self._becoming_ready(child)
            if child.poll() is None:
                return
            reason = self._log.since_start()
            if time.monotonic() > deadline or not any(text in reason for text in _WORTH_A_RETRY):
                raise StartError(f"{self.name} does not start: {self.reason()} (see {self._log.path})")
            yield 0.2

    def stopping(self) -> Iterator[float]:
        """Roll back open transactions, write a checkpoint and end; harder when that takes too long."""
        if self.child is not None:
            yield from stopping(self.child, _STOP)
            if self.child.returncode != 0:
                yield from reaping(POSTGRES_PROCESS, self._token)

    def reason(self) -> str:
        """Return the last thing the log says about why the server ended."""
        return self._log.reason()

    def _clearing(self) -> Iterator[float]:
        """End processes that an earlier server left; only the holder of the folder's lock may do it."""
        yield from reaping(POSTGRES_PROCESS, self._token)
        # PostgreSQL takes any process with the number in this file for itself, as long as the user is the same.
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            number = int(self._pid_file.read_text(encoding="utf-8").split()[0])
            if psutil.pid_exists(number) and number not in find_pids(POSTGRES_PROCESS, self._token):
                self._pid_file.unlink()

    def _spawn(self) -> Child:
        settings = settings_of(self.port, self._tuning) | {"cluster_name": self._token}
        options = [f"--{name}={value}" for name, value in settings.items()]
        output = self._log.open()
        try:
            with self._identity.reaching(self._cluster.data) as (reach, descriptors):
                self.child = spawn(
                    [self._identity.binaries.postgres, "-D", reach, *options],
                    switch=self._identity.switch,
                    death_signal=_DEATH_SIGNAL,
                    output=output,
                    descriptors=descriptors,
                )
        finally:
            os.close(output)
        return self.child

    def _becoming_ready(self, child: Child) -> Iterator[float]:
        begin = time.monotonic()
        told = begin
        while child.poll() is None and self._status() != (child.pid, "ready"):
            now = time.monotonic()
            if now > begin + _RECOVERY_SECONDS:
                yield from stopping(child, _STOP)
                raise StartError(
                    f"{self.name} was not ready after {_RECOVERY_SECONDS:.0f} s (see {self._log.path}); start again"
                )
            if now > told + 5:
                told = now
                self._report(f"{self.name} recovers from a crash ({now - begin:.0f} s)")
            yield _PAUSE

    def _status(self) -> tuple[int, str] | None:
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            lines = self._pid_file.read_text(encoding="utf-8").splitlines()
            return int(lines[0]), lines[_STATUS_LINE].strip()
        return None
