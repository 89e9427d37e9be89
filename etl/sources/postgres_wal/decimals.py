"""Decimal numbers as PostgreSQL sends them, digits of base 10,000, into scaled integers."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from etl.sources.postgres_wal.cells import Cells, Positions

_NEGATIVE: Final = 0x4000
_LARGEST_FINITE_SIGN: Final = _NEGATIVE
_HEAD: Final = 8
_DIGITS_OF_INT64: Final = 18
_NEVER: Final = -(10**6)


def scaled_decimals(cells: Cells, rows: Positions, precision: int, scale: int) -> list[int | None]:
    """Return each number times 10**scale; None for one that is not finite, or that the type can't hold exactly.

    The wire format is that of `numeric_send` in PostgreSQL: number of digits, weight of the first, sign, scale, digits.
    """
    return [
        _one(bytes(cells.buffer[cells.starts[row] : cells.starts[row] + cells.lengths[row]]), precision, scale)
        for row in rows
    ]


def small_decimals(
    cells: Cells, rows: Positions, precision: int, scale: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return each number times 10**scale, which of them fit, and which are too wide to be told here.

    All rows at once; numbers of more than 18 digits are for `scaled_decimals`.
    """
    head = cells.fixed(rows, _HEAD).view(">u2").astype(np.int64)
    count, weight, sign = head[:, 0], head[:, 1].astype(np.int16).astype(np.int64), head[:, 2]
    finite = sign <= _LARGEST_FINITE_SIGN
    is_wide = finite & (count > 0) & (4 * (weight + 1) + scale > _DIGITS_OF_INT64)
    total = np.zeros(len(rows), dtype=np.int64)
    exact = np.ones(len(rows), dtype=np.bool_)
    for place in range(int(count.max(initial=0))):
        has = finite & ~is_wide & (count > place)
        at = np.where(has, cells.starts[rows] + _HEAD + 2 * place, 0)
        digit = (cells.buffer[at].astype(np.int64) << 8) | cells.buffer[at + 1]
        exponent = np.where(has, 4 * (weight - place) + scale, _NEVER)
        whole = exponent >= 0
        total += np.where(whole, digit * 10 ** np.clip(exponent, 0, _DIGITS_OF_INT64), 0)
        divisor = 10 ** np.clip(-exponent, 0, 4)
        total += np.where(has & ~whole, digit // divisor, 0)
        exact &= ~(has & ~whole & (digit % divisor != 0))
    fits = finite & exact & (np.abs(total) < 10 ** min(precision, _DIGITS_OF_INT64))
    return np.where(sign == _NEGATIVE, -total, total), fits, is_wide


def _one(data: bytes, precision: int, scale: int) -> int | None:
    count = int.from_bytes(data[0:2], "big")
    weight = int.from_bytes(data[2:4], "big", signed=True)
    sign = int.from_bytes(data[4:6], "big")
    if sign > _LARGEST_FINITE_SIGN:
        return None
    digits = 0
    for place in range(count):
        digits = digits * 10_000 + int.from_bytes(data[8 + 2 * place : 10 + 2 * place], "big")
    exponent = 4 * (weight - count + 1) + scale
    if exponent < 0:
        digits, rest = divmod(digits, 10**-exponent)
        if rest:
            return None
    else:
        digits *= 10**exponent
    return None if digits >= 10**precision else -digits if sign == _NEGATIVE else digits
