"""Log files of the servers, kept small by moving them aside at each start."""

import os
import re
from pathlib import Path

_LARGE = 1_000_000
_KEPT = 3
_GRAVE = re.compile("FATAL|PANIC|rror|launch:")
# What PostgreSQL tells those who connect at the wrong time.
_OF_CLIENTS = re.compile("FATAL: +(the database system is|terminating connection|password authentication)")


class ServerLog:
    """One server's log file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.log"
        self._start = 0

    def open(self) -> int:
        """Return a descriptor to append to; a file that has grown large is moved aside first."""
        if self.path.exists() and self.path.stat().st_size > _LARGE:
            for number in range(_KEPT - 1, 0, -1):
                older = self.path.with_suffix(f".log.{number}")
                if older.exists():
                    older.replace(self.path.with_suffix(f".log.{number + 1}"))
            self.path.replace(self.path.with_suffix(".log.1"))
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._start = os.fstat(descriptor).st_size
        return descriptor

    def since_start(self) -> str:
        """Return the end of what was written since `open`."""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, end - 4_000))
            return file.read().decode(errors="replace").strip()

    def reason(self) -> str:
        """Return the line that most likely says why the server ended."""
        lines = [line for line in self.since_start().splitlines() if not _OF_CLIENTS.search(line)]
        grave = [line for line in lines if _GRAVE.search(line)]
        return (grave or lines or ["it left no message"])[-1].strip()
