"""Values are found where they are, up to the last byte of the last row."""

import struct
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from etl.sources.postgres_wal.cells import PADDING, Buffer, Cells, Positions, copied_cells, replicated_cells

Write = Callable[[list[bytes | None]], bytes]
Take = Callable[[Buffer, Positions, int], Iterable[Cells]]
VALUES = [None, b"", b"\x01", struct.pack(">h", -2), struct.pack(">i", -3), struct.pack(">q", -4)]


def copied(row: list[bytes | None]) -> bytes:
    cells = (struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value for value in row)
    return struct.pack(">h", len(row)) + b"".join(cells)


def replicated(row: list[bytes | None]) -> bytes:
    cells = (b"n" if value is None else b"b" + struct.pack(">i", len(value)) + value for value in row)
    return struct.pack(">h", len(row)) + b"".join(cells)


def found_in(rows: list[bytes], take: Take, columns: int) -> list[Cells]:
    starts = np.cumsum([0, *map(len, rows[:-1])])
    return list(take(Buffer(b"".join(rows) + PADDING), starts, columns))


@pytest.mark.parametrize(("write", "take"), [(copied, copied_cells), (replicated, replicated_cells)])
@pytest.mark.parametrize("last", VALUES)
def test_what_stands_behind_the_last_value_is_not_read(write: Write, take: Take, last: bytes | None) -> None:
    rows: list[list[bytes | None]] = [[b"one", b"\0\0\0\x07"], [None, last]]
    cells = found_in([write(row) for row in rows], take, 2)
    assert [[one.value(row) if one.given[row] else None for one in cells] for row in (0, 1)] == rows
    assert [one.is_full for one in cells] == [False, last is not None]


@pytest.mark.parametrize(("write", "take"), [(copied, copied_cells), (replicated, replicated_cells)])
def test_numbers_are_told_of_the_rows_that_have_one(write: Write, take: Take) -> None:
    columns: list[list[bytes | None]] = [
        [b"\x01", None, b"\0"],
        [struct.pack(">h", n) for n in (-2, 3, 4)],
        [struct.pack(">i", -5), None, None],
        [struct.pack(">q", n) for n in (-(2**63), 0, 2**63 - 1)],
        [None, struct.pack(">QQ", 2**64 - 1, 8), struct.pack(">QQ", 1, 2)],
    ]
    rows = [write(list(row)) for row in zip(*columns, strict=True)]
    cells = found_in(rows, take, 5)
    assert cells[0].octets.tolist() == [1, 0]
    assert [cells[place].integers(2**place).tolist() for place in (1, 2, 3)] == [
        [-2, 3, 4],
        [-5],
        [-(2**63), 0, 2**63 - 1],
    ]
    assert [words.tolist() for words in cells[4].words()] == [[2**64 - 1, 1], [8, 2]]
