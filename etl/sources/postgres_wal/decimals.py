"""Decimal numbers as PostgreSQL sends them, digits of base 10,000, into scaled integers.

The wire format is that of `numeric_send`: number of digits, weight of the first, sign, scale, two bytes each; digits.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from etl.sources.postgres_wal.cells import Flags

_NEGATIVE: Final = 0x4000
_LARGEST_FINITE_SIGN: Final = _NEGATIVE
_HEAD: Final = 8
_DIGITS_OF_INT64: Final = 18
# Four digits are read as one word, those behind the last one are cut off; a word holds 16 decimal places.
_DIGITS: Final = 4
_CUT: Final = np.array([2**64 - 2 ** (64 - 16 * count) for count in range(_DIGITS + 1)], dtype=np.uint64)
_HALVES: Final = np.uint64(0x0000_FFFF_0000_FFFF)
# Weights outside of this range are told by the slow way.
_LOWEST, _HIGHEST = -5, 3


def scaled_decimal(value: bytes, precision: int, scale: int) -> int | None:
    """Return a number times 10**scale; None for one that is not finite, or that the type can't hold exactly."""
    count = int.from_bytes(value[0:2], "big")
    weight = int.from_bytes(value[2:4], "big", signed=True)
    sign = int.from_bytes(value[4:6], "big")
    if sign > _LARGEST_FINITE_SIGN:
        return None
    digits = 0
    for place in range(count):
        digits = digits * 10_000 + int.from_bytes(value[_HEAD + 2 * place : _HEAD + 2 + 2 * place], "big")
    exponent = 4 * (weight - count + 1) + scale
    if exponent < 0:
        digits, rest = divmod(digits, 10**-exponent)
        if rest:
            return None
    else:
        digits *= 10**exponent
    return None if digits >= 10**precision else -digits if sign == _NEGATIVE else digits


def small_decimals(
    head: NDArray[np.uint64], word: NDArray[np.uint64], precision: int, scale: int
) -> tuple[NDArray[np.int64], Flags, Flags]:
    """Return each number times 10**scale, which of them fit, and which are too wide to be told here.

    All at once; of each come the first eight bytes and the eight behind them, the head and four digits. Those too wide
    are for `scaled_decimal`.
    """
    head = head.view(np.int64)
    # An arithmetic shift keeps the sign of the weight.
    count, weight, sign = head >> 48, (head << 16) >> 48, (head >> 16) & 0xFFFF
    is_wide = (count > _DIGITS) | (weight < _LOWEST) | (weight > _HIGHEST)
    multiplier, divisor = (factor.take(weight - _LOWEST, mode="clip") for factor in _factors(scale))
    is_wide |= multiplier == 0
    digits = _horner(word & _CUT.take(count, mode="clip"))
    total = digits // divisor
    is_finite = sign <= _LARGEST_FINITE_SIGN
    fits = (total * divisor == digits) & is_finite
    total *= multiplier
    fits &= total < 10 ** min(precision, _DIGITS_OF_INT64)
    return np.where(sign == _NEGATIVE, -total, total), fits, is_wide & is_finite & (count > 0)


def _horner(word: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of four digits of base 10,000, the first in the highest bits."""
    # Two and two digits, each in the half of a word; then both halves.
    pairs = ((word >> np.uint64(16)) & _HALVES) * np.uint64(10_000) + (word & _HALVES)
    return ((pairs >> np.uint64(32)) * np.uint64(10**8) + (pairs & np.uint64(2**32 - 1))).view(np.int64)


def _factors(scale: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, by weight, what four digits are multiplied by and divided by; 0 where the product could overflow."""
    exponents = [4 * (weight - _DIGITS + 1) + scale for weight in range(_LOWEST, _HIGHEST + 1)]
    room = _DIGITS_OF_INT64 - 4 * _DIGITS
    multiplier = [0 if exponent > room else 10 ** max(exponent, 0) for exponent in exponents]
    divisor = [10 ** min(max(-exponent, 0), _DIGITS_OF_INT64) for exponent in exponents]
    return np.array(multiplier, dtype=np.int64), np.array(divisor, dtype=np.int64)
