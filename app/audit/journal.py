"""Journals: files that records are appended to before their answers are sent.

An append is a copy into a mapped file, which takes a small part of a system call's time. What it has copied outlives
the process however that ends, kill -9 included; the machine's own end it outlives once `sync` has run, which is
several times a second. Each process has a journal of its own, locked while the process lives, so that another can
tell one left behind and take it over.

A journal has its room on the disk from the beginning: NULs, of which no record has any.
"""

import contextlib
import errno
import mmap
import os
import threading
import time
import uuid
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Final, NamedTuple

from app.embedded.locks import FileLock, is_locked

_SUFFIX: Final = ".journal"
_UNFINISHED: Final = ".new"
_MAKING_SECONDS: Final = 60
ROOM: Final = 16 << 20
"""Bytes of a journal; what a process records between two shipments is a twentieth of that at the most."""
_PIECE: Final = 1 << 20


class Entries(NamedTuple):
    """Records, and where each began in its journal."""

    positions: list[int]
    records: list[bytes]


class Journal:
    """The journal that this process appends to; OSError where the disk has no room for one."""

    def __init__(self, folder: Path, *, room: int = ROOM) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = folder / f"{uuid.uuid4().hex}{_UNFINISHED}"
        self._lock = FileLock(made)
        self._lock.exclusive()
        try:
            self._descriptor, self._map = _mapped(made, room)
        except OSError:
            made.unlink(missing_ok=True)
            self._lock.release()
            raise
        # Nobody sees it before it is locked: it would look left behind.
        self.path = made.rename(made.with_suffix(_SUFFIX))
        self._room = room
        self._size = 0
        self._flushing = threading.Lock()

    @property
    def is_filling(self) -> bool:
        """Tell whether it is time for another one."""
        return self._size > self._room // 2

    def append(self, record: bytes) -> None:
        """Append a record, which has no line end and no NUL in it; OSError where it has no room or is closed."""
        begin, end = self._size, self._size + len(record) + 1
        if end > self._room:
            raise OSError(errno.ENOSPC, "the audit journal is full until another one is begun")
        try:
            self._map[begin:end] = record + b"\n"
        except ValueError:
            raise OSError(errno.EBADF, "the audit journal is closed") from None
        self._size = end

    def sync(self) -> None:
        """Wait until all that was appended is on the disk."""
        with self._flushing:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Append no more, and leave the journal to whoever ships what is in it."""
        with self._flushing:
            self._map.close()
            os.close(self._descriptor)
            self._lock.release()


def remove_unfinished(folder: Path) -> None:
    """Remove what is left of journals whose processes ended before they were made."""
    for made in folder.glob(f"*{_UNFINISHED}"):
        # One that is being made right now may not be locked yet.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - made.stat().st_mtime > _MAKING_SECONDS and not is_locked(made):
                made.unlink()


def journals(folder: Path) -> Iterator[Path]:
    """Yield all journals of a folder."""
    return folder.glob(f"*{_SUFFIX}")


def left_behind(folder: Path) -> Iterator[Path]:
    """Yield the journals whose processes have ended, the oldest first; others may take one away meanwhile."""
    found = []
    for path in journals(folder):
        with contextlib.suppress(FileNotFoundError):
            found.append((path.stat().st_mtime_ns, path))
    return (path for _, path in sorted(found) if not is_locked(path))


def entries(path: Path, start: int, most: int) -> tuple[Entries, int]:
    """Return whole records from a place on, in about so many bytes, and the place after them."""
    with path.open("rb") as file:
        file.seek(start)
        block = _written(file.read(most))
        if len(block) == most:
            # A record larger than that is read to its end.
            block += _written(file.readline())
    records = block.split(b"\n")[:-1]
    ends = list(accumulate([len(record) + 1 for record in records], initial=start))
    return Entries(ends[:-1], records), ends[-1]


def _written(block: bytes) -> bytes:
    """Return what of a block is written: a process that was killed may have left a record with a hole, as the last."""
    return block.partition(b"\0")[0]


def _mapped(path: Path, room: int) -> tuple[int, mmap.mmap]:
    """Return a file with its room in memory. It is written full: room that was only asked for may not be there."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        left = room
        while left:
            left -= os.write(descriptor, bytes(min(left, _PIECE)))
        return descriptor, mmap.mmap(descriptor, room)
    except OSError:
        os.close(descriptor)
        raise
