"""Where the values of rows lie in bytes: rows are taken apart a column at a time, for all rows at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

PADDING: Final = bytes(32)
"""Has to stand behind the last row: numbers are read before it is known that they are there."""

_TEXT, _BINARY, _UNCHANGED = ord("t"), ord("b"), ord("u")


class Buffer:
    """Bytes from which numbers are read at many places at once, whatever their alignment."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.octets = np.frombuffer(data, dtype=np.uint8)

    def integers(self, at: Positions, width: int) -> NDArray[np.int64]:
        """Return the signed big-endian numbers of so many bytes."""
        found: NDArray[np.int64] = self._at_any_place(f">i{width}", width)[at].astype(np.int64)
        return found

    def words(self, at: Positions) -> NDArray[np.uint64]:
        """Return eight bytes each, as the number that they are big-endian."""
        found: NDArray[np.uint64] = self._at_any_place(">u8", 8)[at].astype(np.uint64)
        return found

    def _at_any_place(self, kind: str, width: int) -> NDArray[np.generic]:
        """Return the number that begins at each byte; an element of it may be unaligned."""
        return np.ndarray((max(len(self.data) - width + 1, 0),), dtype=kind, buffer=self.data, strides=(1,))


@dataclass(frozen=True)
class Cells:
    """One column of some rows: where each value begins and how long it is; `given` is false for null and unchanged."""

    buffer: Buffer
    starts: Positions
    lengths: Positions
    given: Flags
    unchanged: Flags
    is_text: Flags
    is_full: bool

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def begins(self) -> Positions:
        """Where those values begin that are given."""
        return self.starts if self.is_full else self.starts[self.given]

    def value(self, row: int) -> bytes:
        """Return one value."""
        return self.buffer.data[self.starts[row] : self.starts[row] + self.lengths[row]]


def replicated_cells(buffer: Buffer, at: Positions, columns: int) -> list[Cells]:
    """Take rows as pgoutput sends them apart: for each value a kind (null, unchanged, text, binary), length, bytes.

    `at` is where each row begins.
    """
    # Behind the number of columns, two bytes.
    at = at + 2
    cells = []
    for _ in range(columns):
        kind, lengths = buffer.octets[at], buffer.integers(at + 1, 4)
        found = _all_given(buffer, at + 5, lengths) if (kind == _BINARY).all() else _by_kind(buffer, at, kind, lengths)
        cells.append(found)
        at = at + 1 + np.where(found.given, found.lengths + 4, 0)
    return cells


def copied_cells(buffer: Buffer, at: Positions, columns: int) -> list[Cells]:
    """Take rows of a binary COPY apart: for each value a length, which is -1 for null, and bytes."""
    at = at + 2
    none = np.zeros(len(at), dtype=np.bool_)
    cells = []
    for _ in range(columns):
        lengths = buffer.integers(at, 4)
        given = lengths >= 0
        if given.all():
            cells.append(_all_given(buffer, at + 4, lengths))
        else:
            cells.append(Cells(buffer, at + 4, np.where(given, lengths, 0), given, none, none, is_full=False))
        at = at + 4 + cells[-1].lengths
    return cells


def _all_given(buffer: Buffer, starts: Positions, lengths: Positions) -> Cells:
    none = np.zeros(len(starts), dtype=np.bool_)
    return Cells(buffer, starts, lengths, ~none, none, none, is_full=True)


def _by_kind(buffer: Buffer, at: Positions, kind: NDArray[np.uint8], lengths: Positions) -> Cells:
    is_text = kind == _TEXT
    given = is_text | (kind == _BINARY)
    return Cells(
        buffer, at + 5, np.where(given, lengths, 0), given, kind == _UNCHANGED, is_text, is_full=bool(given.all())
    )
