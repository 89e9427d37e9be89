"""Bytes that were received and are to be taken: room for them is used again and again, not got from the system."""

from typing import Final

from etl.sources.postgres_wal.cells import PADDING

_ROOM: Final = 2**19
# What a large row took is given back.
_LARGEST_KEPT: Final = 2**23


class Held:
    """Bytes one after the other, `size` of them."""

    def __init__(self) -> None:
        self._room = bytearray(_ROOM)
        self.size = 0

    def free(self, count: int) -> memoryview:
        """Return where as many bytes can be received into; `filled` is told how many were."""
        needed = self.size + count + len(PADDING)
        if len(self._room) < needed:
            room = bytearray(max(2 * len(self._room), needed))
            room[: self.size] = memoryview(self._room)[: self.size]
            self._room = room
        return memoryview(self._room)[self.size : self.size + count]

    def filled(self, count: int) -> None:
        """Hold what was received."""
        self.size += count

    def seen(self, begin: int, end: int) -> bytes:
        """Return some of the bytes; fewer where not so many are held."""
        return bytes(memoryview(self._room)[begin : min(end, self.size)])

    def last(self, count: int) -> bytes:
        """Return the last bytes."""
        return self.seen(max(self.size - count, 0), self.size)

    def padded(self) -> bytes:
        """Return all bytes; behind them is what `PADDING` is for."""
        return bytes(memoryview(self._room)[: self.size + len(PADDING)])

    def drop(self, count: int) -> None:
        """Let go of the first bytes."""
        rest = self.seen(count, self.size)
        if len(self._room) > _LARGEST_KEPT:
            self._room = bytearray(max(_ROOM, 2 * len(rest)))
        self._room[: len(rest)] = rest
        self.size = len(rest)
