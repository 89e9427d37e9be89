"""Anchors: links of the audit log, noted outside the database that it is in."""

import errno
import os
from pathlib import Path

import orjson


class Anchors:
    """A file with a line for each batch of rows: the number of the last one, and its link."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, row: int, link: bytes) -> None:
        """Note the link of a row; on the disk when this returns."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # Line ends on both sides, so that nothing is added to a line that a crash or a full disk has cut off.
            line = b"\n" + orjson.dumps({"row": row, "link": link.hex()}) + b"\n"
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, "the anchor was not written whole")
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def all(self) -> dict[int, bytes]:
        """Return the links noted, by the numbers of their rows; a line cut off by a crash says nothing."""
        if not self.path.exists():
            return {}
        found = {}
        for line in self.path.read_bytes().splitlines():
            try:
                told = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            found[told["row"]] = bytes.fromhex(told["link"])
        return found
