"""Journals: files that records are appended to before their answers are sent.

An append is one system call. What it has written outlives the process however that ends, kill -9 included; the
machine's own end it outlives once `sync` has run, which is several times a second. Each process has a journal of its
own, locked while the process lives, so that another can tell one left behind and take it over.
"""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.embedded.locks import FileLock, is_locked

_SUFFIX = ".journal"


@dataclass(frozen=True)
class Entry:
    """A record, and where it began in its journal."""

    position: int
    record: bytes


class Journal:
    """The journal that this process appends to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = folder / f"{uuid.uuid4().hex}.new"
        self._lock = FileLock(made)
        self._lock.exclusive()
        # Nobody sees it before it is locked: it would look left behind.
        self.path = made.rename(made.with_suffix(_SUFFIX))
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        self._is_torn = False
        # Whether there are lines in it that are no records.
        self.has_torn = False
        self.size = 0

    def append(self, record: bytes) -> None:
        """Append a record, which has no line end in it; OSError where it was not written whole."""
        # Behind a record that was cut off the next one begins a line of its own.
        line = b"\n" + record + b"\n" if self._is_torn else record + b"\n"
        written = os.write(self._descriptor, line)
        self.size += written
        self._is_torn = written < len(line)
        if self._is_torn:
            self.has_torn = True
            raise OSError("the audit journal took only a part of a record")

    def sync(self) -> None:
        """Wait until all that was appended is on the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Append no more, and leave the journal to whoever ships what is in it."""
        os.close(self._descriptor)
        self._lock.release()


def left_behind(folder: Path) -> Iterator[Path]:
    """Yield the journals whose processes have ended, the oldest first."""
    found = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
    return (path for path in found if not is_locked(path))


def entries(path: Path, start: int, most: int) -> tuple[list[Entry], int]:
    """Return whole records from a place on, in about so many bytes, and the place after them."""
    with path.open("rb") as file:
        file.seek(start)
        # A record larger than that is read to its end.
        block = file.read(most) + file.readline()
    whole = block[: block.rfind(b"\n") + 1]
    found, position = [], start
    for line in whole.splitlines(keepends=True):
        found.append(Entry(position, line.rstrip(b"\n")))
        position += len(line)
    return found, position
