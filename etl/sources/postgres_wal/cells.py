"""Where the values of rows lie in bytes: rows are taken apart a column at a time, for all rows at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Flags = NDArray[np.bool_]

PADDING: Final = bytes(32)
"""Has to stand behind the last row: numbers are read before it is known that they are there."""

_TEXT, _BINARY, _UNCHANGED = ord("t"), ord("b"), ord("u")

# What stands where a value does: what is told of it, and its first bytes as whatever they may be. Twenty bytes are
# gathered from as many places as fast as one is, so this is done once a value.
_VALUE: Final = np.dtype(
    {
        "names": ["octet", "int2", "int4", "int8", "words"],
        "formats": ["u1", ">i2", ">i4", ">i8", (">u8", 2)],
        "offsets": [0] * 5,
        "itemsize": 16,
    }
)
_COPIED: Final = np.dtype([("length", ">i4"), ("value", _VALUE)])
_REPLICATED: Final = np.dtype([("kind", "u1"), ("length", ">i4"), ("value", _VALUE)])


class Buffer:
    """Bytes from which numbers are read at many places at once, whatever their alignment."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.octets = np.frombuffer(data, dtype=np.uint8)

    def integers(self, at: Positions, width: int) -> NDArray[np.int64]:
        """Return the signed big-endian numbers of so many bytes."""
        found: NDArray[np.int64] = self._at_any_place(f">i{width}", width)[at].astype(np.int64)
        return found

    def seen(self, at: Positions, kind: np.dtype[np.void]) -> NDArray[np.void]:
        """Return what stands there as records."""
        found: NDArray[np.void] = self._at_any_place(f"V{kind.itemsize}", kind.itemsize)[at].view(kind)
        return found

    def _at_any_place(self, kind: str, width: int) -> NDArray[np.generic]:
        """Return the number that begins at each byte; an element of it may be unaligned."""
        return np.ndarray((max(len(self.data) - width + 1, 0),), dtype=kind, buffer=self.data, strides=(1,))


@dataclass(frozen=True)
class Cells:
    """One column of some rows: where each value begins and how long it is; `given` is false for null and unchanged.

    `first` are the first bytes of each, and what stands behind a shorter one.
    """

    buffer: Buffer
    first: NDArray[np.void]
    starts: Positions
    lengths: Positions
    given: Flags
    unchanged: Flags
    is_text: Flags
    is_full: bool

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def octets(self) -> NDArray[np.uint8]:
        """The first byte of those values that are given."""
        return self._given("octet")

    def integers(self, width: int) -> NDArray[np.int64]:
        """Return those values that are given, as the signed big-endian numbers of so many bytes that they are."""
        return self._given(f"int{width}").astype(np.int64)

    def words(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return twice eight bytes of those values that are given, as the numbers that they are big-endian."""
        words = self._given("words")
        return words[:, 0].astype(np.uint64), words[:, 1].astype(np.uint64)

    def value(self, row: int) -> bytes:
        """Return one value."""
        return self.buffer.data[self.starts[row] : self.starts[row] + self.lengths[row]]

    def _given(self, form: str) -> NDArray[Any]:
        found = self.first[form]
        return found if self.is_full else found[self.given]


def replicated_cells(buffer: Buffer, at: Positions, columns: int) -> list[Cells]:
    """Take rows as pgoutput sends them apart: for each value a kind (null, unchanged, text, binary), length, bytes.

    `at` is where each row begins.
    """
    # Behind the number of columns, two bytes.
    at = at + 2
    cells = []
    for _ in range(columns):
        head = buffer.seen(at, _REPLICATED)
        found = _all_given(buffer, at + 5, head) if (head["kind"] == _BINARY).all() else _by_kind(buffer, at + 5, head)
        cells.append(found)
        at = at + 1 + np.where(found.given, found.lengths + 4, 0)
    return cells


def copied_cells(buffer: Buffer, at: Positions, columns: int) -> Iterator[Cells]:
    """Take rows of a binary COPY apart: for each value a length, which is -1 for null, and bytes."""
    at = at + 2
    for _ in range(columns):
        head = buffer.seen(at, _COPIED)
        given = head["length"] >= 0
        cells = _all_given(buffer, at + 4, head) if given.all() else _some_given(buffer, at + 4, head, given)
        yield cells
        at = at + 4 + cells.lengths


def _all_given(buffer: Buffer, starts: Positions, head: NDArray[np.void]) -> Cells:
    none = np.zeros(len(starts), dtype=np.bool_)
    return Cells(buffer, head["value"], starts, head["length"].astype(np.int64), ~none, none, none, is_full=True)


def _some_given(buffer: Buffer, starts: Positions, head: NDArray[np.void], given: Flags) -> Cells:
    none = np.zeros(len(starts), dtype=np.bool_)
    lengths = np.where(given, head["length"], 0).astype(np.int64)
    return Cells(buffer, head["value"], starts, lengths, given, none, none, is_full=False)


def _by_kind(buffer: Buffer, starts: Positions, head: NDArray[np.void]) -> Cells:
    kind = head["kind"]
    is_text = kind == _TEXT
    given = is_text | (kind == _BINARY)
    lengths = np.where(given, head["length"], 0).astype(np.int64)
    is_unchanged = kind == _UNCHANGED
    return Cells(buffer, head["value"], starts, lengths, given, is_unchanged, is_text, is_full=bool(given.all()))
