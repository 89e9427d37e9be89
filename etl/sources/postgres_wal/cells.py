"""Where the values of rows lie in bytes: rows are taken apart a column at a time, for all rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TEXT, _BINARY, _UNCHANGED = ord("t"), ord("b"), ord("u")
# A length is read before it is known to be there.
_PADDING: Final = bytes(8)
_POWERS = np.array([1 << 24, 1 << 16, 1 << 8, 1], dtype=np.int64)


@dataclass(frozen=True)
class Cells:
    """One column of some rows: where each value begins and how long it is; `given` is false for null and unchanged."""

    buffer: Bytes
    starts: Positions
    lengths: Positions
    given: Flags
    unchanged: Flags
    is_text: Flags

    def gathered(self, rows: Positions) -> Bytes:
        """Return the values of some rows one after the other."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        places = np.repeat(self.starts[rows] - (ends - lengths), lengths)
        places += np.arange(total, dtype=np.int64)
        taken: Bytes = self.buffer[places]
        return taken

    def fixed(self, rows: Positions, width: int) -> Bytes:
        """Return values of one width as a matrix, a row each."""
        taken: Bytes = self.buffer[self.starts[rows][:, None] + np.arange(width, dtype=np.int64)]
        return taken


def joined(pieces: Sequence[bytes | bytearray | memoryview], offsets: Sequence[int]) -> tuple[Bytes, Positions]:
    """Put rows' bytes one after the other, and return where each begins, `offsets` into its piece."""
    sizes = np.fromiter(map(len, pieces), dtype=np.int64, count=len(pieces))
    buffer = np.frombuffer(b"".join([*pieces, _PADDING]), dtype=np.uint8)
    begins = np.cumsum(sizes) - sizes
    return buffer, begins + np.asarray(offsets, dtype=np.int64)


def replicated_cells(buffer: Bytes, at: Positions, columns: int) -> list[Cells]:
    """Take rows as pgoutput sends them apart: for each value a kind (null, unchanged, text, binary), length, bytes."""
    # After the number of columns, two bytes.
    at = at + 2
    cells = []
    for _ in range(columns):
        kind = buffer[at]
        is_text = kind == _TEXT
        given = is_text | (kind == _BINARY)
        lengths = np.where(given, _length(buffer, at + 1), 0)
        cells.append(Cells(buffer, at + 5, lengths, given, kind == _UNCHANGED, is_text))
        at = at + 1 + np.where(given, lengths + 4, 0)
    return cells


def copied_cells(buffer: Bytes, at: Positions, columns: int) -> list[Cells]:
    """Take rows of a binary COPY apart: for each value a length, which is -1 for null, and bytes."""
    at = at + 2
    none = np.zeros(len(at), dtype=np.bool_)
    cells = []
    for _ in range(columns):
        length = _length(buffer, at).astype(np.int32).astype(np.int64)
        given = length >= 0
        lengths = np.where(given, length, 0)
        cells.append(Cells(buffer, at + 4, lengths, given, none, none))
        at = at + 4 + lengths
    return cells


def _length(buffer: Bytes, at: Positions) -> Positions:
    found: Positions = buffer[at[:, None] + np.arange(4)].astype(np.int64) @ _POWERS
    return found
