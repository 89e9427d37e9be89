"""Anchors: links of the audit log, noted outside the database that it is in."""

import contextlib
import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import structlog

from app.embedded.files import sync_folder
from app.embedded.locks import FileLock

RECENT: Final = 20_000
"""Anchors of which all are kept: those of more than an hour, at one each quarter of a second."""
SPAN: Final = 4_096
"""Rows of the log that have one anchor, before the recent ones."""
_LINE_BYTES: Final = 100
_LOG = structlog.stdlib.get_logger("app.audit")


class _Anchor(NamedTuple):
    row: int
    link: bytes

    @property
    def line(self) -> bytes:
        """Return its line. Ends on both sides, so that nothing is added to one that a crash or a full disk cut off."""
        return b"\n" + orjson.dumps({"row": self.row, "link": self.link.hex()}) + b"\n"


_NONE: Final = _Anchor(-1, b"")
"""What stands for the one before the first and after the last."""


class Anchors:
    """A file with a line for each batch of rows: the number of the last one, and its link.

    The last `recent` lines are all kept, and of those before them the last one in each `span` rows. So the file grows
    with the log, and is some ten-thousandth of it. Several processes may write it.
    """

    def __init__(self, path: Path, *, recent: int = RECENT, span: int = SPAN) -> None:
        self.path = path
        self._recent = recent
        self._span = span
        self._most_bytes = 2 * recent * _LINE_BYTES

    def note(self, row: int, link: bytes) -> None:
        """Note the link of a row; on the disk when this returns."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if self._append(_Anchor(row, link).line) > self._most_bytes:
                self._try_to_thin()

    def all(self) -> dict[int, bytes]:
        """Return the links noted, by the numbers of their rows; a line cut off by a crash says nothing.

        Of a row noted twice the first link counts: the other is of a log that went on from an end cut off.
        """
        found: dict[int, bytes] = {}
        for anchor in self._noted():
            found.setdefault(*anchor)
        return found

    def _append(self, line: bytes) -> int:
        """Append a line, and return how large the file is now."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, "the anchor was not written whole")
            os.fdatasync(descriptor)
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def _try_to_thin(self) -> None:
        """Thin the file, or leave it as it is until it has grown again: what was to be noted stands there."""
        try:
            self._thin()
        except OSError as fault:
            _LOG.warning("the anchors of the audit log could not be thinned", errno=fault.errno)
        self._most_bytes = self.path.stat().st_size + self._recent * _LINE_BYTES

    def _thin(self) -> None:
        """Put a thinned file in the place of this one, at once and whole."""
        thinned = self.path.with_suffix(".thinned")
        with open(thinned, "wb", opener=_privately) as file:
            file.writelines(anchor.line for anchor in self._kept())
            file.flush()
            os.fsync(file.fileno())
        thinned.replace(self.path)
        sync_folder(self.path.parent)

    def _kept(self) -> Iterator[_Anchor]:
        """Yield the anchors to keep: of old ones the last of a span, and both where an end was cut off in between."""
        old = sum(1 for _ in self._noted()) - self._recent
        before = _NONE
        for at, (anchor, after) in enumerate(itertools.pairwise(itertools.chain(self._noted(), (_NONE,)))):
            ends_span = anchor.row // self._span != after.row // self._span
            if at >= old or ends_span or not before.row < anchor.row < after.row:
                yield anchor
            before = anchor

    def _noted(self) -> Iterator[_Anchor]:
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            for line in file:
                with contextlib.suppress(orjson.JSONDecodeError):
                    told = orjson.loads(line)
                    yield _Anchor(told["row"], bytes.fromhex(told["link"]))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process write meanwhile: its line would go to the file that is replaced."""
        lock = FileLock(self.path.with_suffix(".lock"))
        lock.exclusive()
        try:
            yield
        finally:
            lock.release()


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
