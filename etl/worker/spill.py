"""Batches that wait on this disk for a warehouse that can't be reached, in order, checked and bounded."""

import contextlib
import errno
import logging
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from etl.changes import Batch
from etl.warehouses.interface import WarehouseUnavailable
from etl.worker.batch_bytes import from_bytes, is_writable, to_bytes

_LOG = logging.getLogger(__name__)
_RECORD: Final = struct.Struct(">4sIIq")
_MARK: Final = b"CBAT"
_SEGMENT_BYTES: Final = 64 * 2**20


@dataclass
class _Segment:
    """A file of records. `left` are the places of those that were not taken yet, each with its size.

    `after` is the position that was reached before the first of them; the file's name tells it.
    """

    path: Path
    left: deque[tuple[int, int]]
    size: int

    @property
    def after(self) -> int:
        return int(self.path.stem.partition("-")[2])


class Spill:
    """A queue of batches in files of one folder. What `append` has returned from survives a power cut.

    `limit` bounds the files' bytes. Used by one thread at a time. Where a file is not what was written all of them go:
    the position is the warehouse's then, behind what was acknowledged, and the pipeline copies all tables again.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._limit = limit
        self.position: int | None = None
        self._segments: deque[_Segment] = deque()
        self._is_within = False
        paths = sorted(folder.glob("*.spill"))
        found = [self._found(path) for path in paths]
        self._segments += found
        if any(segment.size < path.stat().st_size for segment, path in zip(found[:-1], paths, strict=False)):
            _LOG.error("changes that waited for the warehouse were damaged on this disk")
            self.clear()
        elif found:
            # A torn record at the very end was never acknowledged.
            os.truncate(paths[-1], found[-1].size)
        self._drop_taken()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._segments

    @property
    def bytes(self) -> int:
        """How much room the files take."""
        return sum(segment.size for segment in self._segments)

    @property
    def after(self) -> int | None:
        """The position that a warehouse has to have reached for what waits to follow it; None where nothing waits."""
        return self._segments[0].after if self._segments else None

    def append(self, batch: Batch, after: int) -> None:
        """Put a batch at the end, which follows a position; WarehouseUnavailable where there is no room for it."""
        data = to_bytes(batch) if is_writable(batch) else b""
        if not data or self.bytes + len(data) > self._limit:
            raise WarehouseUnavailable("there is no room left for changes that wait for the warehouse")
        if not self._segments or (self._segments[-1].size > _SEGMENT_BYTES and not self._is_within):
            self._segments.append(self._made(after))
        segment = self._segments[-1]
        try:
            _write(segment, _RECORD.pack(_MARK, len(data), zlib.crc32(data), batch.through) + data)
        except WarehouseUnavailable:
            if not segment.left:
                # What comes into the file later would follow another position than its name tells.
                self._segments.pop().path.unlink(missing_ok=True)
            raise
        segment.left.append((segment.size + _RECORD.size, len(data)))
        segment.size += _RECORD.size + len(data)
        # A file goes when all of it was taken: parts of a transaction that are in another one would be gone too early.
        self._is_within = batch.is_partial
        self.position = max(batch.through, self.position or 0)

    def first(self) -> Batch | None:
        """Return the batch that has waited longest, and leave it there."""
        if not self._segments:
            return None
        segment = self._segments[0]
        place, size = segment.left[0]
        with segment.path.open("rb") as file:
            file.seek(place)
            return from_bytes(file.read(size))

    def drop_first(self) -> None:
        """Let go of the batch that has waited longest; after a crash it may be there again."""
        self._segments[0].left.popleft()
        self._drop_taken()

    def clear(self) -> None:
        """Let go of everything."""
        for segment in self._segments:
            segment.path.unlink(missing_ok=True)
        self._segments.clear()
        self.position = None

    def _drop_taken(self) -> None:
        while self._segments and not self._segments[0].left:
            self._segments.popleft().path.unlink(missing_ok=True)
        if not self._segments:
            self.position = None

    def _made(self, after: int) -> _Segment:
        last = int(self._segments[-1].path.stem.partition("-")[0]) if self._segments else 0
        path = self._folder / f"{last + 1:012}-{after}.spill"
        try:
            with _explained():
                path.touch(mode=0o600)
                _sync(self._folder)
        except WarehouseUnavailable:
            path.unlink(missing_ok=True)
            raise
        return _Segment(path, deque(), 0)

    def _found(self, path: Path) -> _Segment:
        """Read which records a segment has, up to the first that is not whole."""
        left, end = deque[tuple[int, int]](), 0
        for place, size, through in _records(path):
            left.append((place, size))
            end = place + size
            self.position = max(through, self.position or 0)
        return _Segment(path, left, end)


def _records(path: Path) -> Iterator[tuple[int, int, int]]:
    """Give place, size and position of each record that is whole, up to the first that is not."""
    with path.open("rb") as file:
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            mark, size, check, through = _RECORD.unpack(head)
            place = file.tell()
            if mark != _MARK or zlib.crc32(file.read(size)) != check:
                return
            yield place, size, through


def _write(segment: _Segment, data: bytes) -> None:
    """Bring a record to disk, or leave the file as it was."""
    with _explained():
        descriptor = os.open(segment.path, os.O_WRONLY)
        try:
            _write_all(descriptor, data, segment.size)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, segment.size)
            raise
        finally:
            os.close(descriptor)


def _write_all(descriptor: int, data: bytes, at: int) -> None:
    # A disk that becomes full takes a part without a fault.
    if os.pwrite(descriptor, data, at) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Tell a disk that takes nothing from a bug; the text quotes no rows."""
    try:
        yield
    except OSError as error:
        raise WarehouseUnavailable(f"changes that wait for the warehouse can't be kept: {error.strerror}") from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
