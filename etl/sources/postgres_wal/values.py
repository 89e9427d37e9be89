"""Values as PostgreSQL sends them in binary, a column at a time into an Arrow array of the declared type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.sources.postgres_wal.cells import Cells, Flags
from etl.sources.postgres_wal.decimals import scaled_decimal, small_decimals
from etl.sources.postgres_wal.documents import is_readable

# Days and microseconds from 1970 to 2000, where PostgreSQL begins to count.
_EPOCH_DAYS: Final = 10_957
_EPOCH_MICROSECONDS: Final = _EPOCH_DAYS * 86_400_000_000
# The years that warehouses can tell, 1 to 9999, as days and microseconds from 1970.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_FIRST_MOMENT, _LAST_MOMENT = _FIRST_DAY * 86_400_000_000, (_LAST_DAY + 1) * 86_400_000_000 - 1

_BOOL, _INT8, _INT2, _INT4, _JSON, _JSONB = 16, 20, 21, 23, 114, 3802
_DATE, _TIMESTAMP, _TIMESTAMPTZ, _NUMERIC = 1082, 1114, 1184, 1700
_INTEGERS: Final = {_INT2: 2, _INT4: 4, _INT8: 8}
_LIKE_TEXT: Final = frozenset({18, 19, 25, 1042, 1043, _JSON})

UNFIT: Final = "out of the declared type's range"
OTHER_TYPE: Final = "the source's type is not the declared one"
NOT_UTF8: Final = "not UTF-8"
TOO_LONG: Final = "longer than 8 MiB"
NOT_READABLE: Final = "JSON that is nested too deep, or has a number beyond a double"

LONGEST: Final = 8 * 2**20
"""How many bytes a text may have: rows of more than 10 MB are refused by BigQuery."""


@dataclass(frozen=True)
class Column:
    """A column's values, null where a row has none or an unfit one, and which rows have an unfit one.

    `reason` is why, but for the rows that have one of the `others`.
    """

    values: pa.Array
    unfit: Flags
    reason: str
    others: Mapping[str, Flags] = field(default_factory=dict)

    def reason_of(self, row: int) -> str:
        """Return why a row's value is unfit."""
        return next((reason for reason, rows in self.others.items() if rows[row]), self.reason)


def column_of(cells: Cells, oid: int, declared: pa.DataType) -> Column:
    """Return the values of a column whose type in the source is `oid`; one that does not fit is told, not raised."""
    if pa.types.is_string(declared):
        return _texts(cells, oid, declared)
    if not cells.is_full and cells.is_text.any():
        return _all_unfit(cells, declared)
    if pa.types.is_decimal128(declared):
        return _decimals(cells, oid, declared)
    read = _READERS.get(str(declared))
    found = read(cells, oid) if read else None
    return _all_unfit(cells, declared) if found is None else _spread(cells, declared, *found)


Found = tuple[NDArray[Any], Flags | None]
"""Values of those rows that have any, and which of them fit; None where all do."""


def _integers(width: int) -> Callable[[Cells, int], Found | None]:
    low, high = -(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1

    def read(cells: Cells, oid: int) -> Found | None:
        if oid not in _INTEGERS:
            return None
        values = cells.integers(_INTEGERS[oid])
        fits = (values >= low) & (values <= high) if _INTEGERS[oid] > width else None
        return values.astype(f"i{width}", copy=False), fits

    return read


def _booleans(cells: Cells, oid: int) -> Found | None:
    return (cells.octets != 0, None) if oid == _BOOL else None


def _moments(cells: Cells, oid: int) -> Found | None:
    if oid == _DATE:
        days, fits = _whole_days(cells)
        return days * 86_400_000_000, fits
    if oid not in (_TIMESTAMP, _TIMESTAMPTZ):
        return None
    values = cells.integers(8)
    # Infinity is the largest number and would overflow.
    fits = (values >= _FIRST_MOMENT - _EPOCH_MICROSECONDS) & (values <= _LAST_MOMENT - _EPOCH_MICROSECONDS)
    return np.where(fits, values, 0) + _EPOCH_MICROSECONDS, fits


def _days(cells: Cells, oid: int) -> Found | None:
    if oid != _DATE:
        return None
    days, fits = _whole_days(cells)
    return days.astype(np.int32), fits


def _whole_days(cells: Cells) -> tuple[NDArray[np.int64], Flags]:
    """Return days from 1970."""
    values = cells.integers(4)
    fits = (values >= _FIRST_DAY - _EPOCH_DAYS) & (values <= _LAST_DAY - _EPOCH_DAYS)
    return np.where(fits, values, 0) + _EPOCH_DAYS, fits


_READERS: Final[dict[str, Callable[[Cells, int], Found | None]]] = {
    "int64": _integers(8),
    "int32": _integers(4),
    "bool": _booleans,
    "timestamp[us, tz=UTC]": _moments,
    "date32[day]": _days,
}


def _spread(cells: Cells, declared: pa.DataType, values: NDArray[Any], fits: Flags | None) -> Column:
    """Put the values that rows have into their places."""
    wide, unfit = values, np.zeros(len(cells), dtype=np.bool_)
    if not cells.is_full:
        wide = np.zeros(len(cells), dtype=values.dtype)
        wide[cells.given] = values
    if fits is not None and not fits.all():
        unfit[cells.given] = ~fits
    if pa.types.is_boolean(declared):
        wide = np.packbits(wide, bitorder="little")
    return Column(_from_buffers(declared, cells.given & ~unfit, wide), unfit, UNFIT)


def _all_unfit(cells: Cells, declared: pa.DataType) -> Column:
    return Column(pa.nulls(len(cells), declared), cells.given, OTHER_TYPE)


def _decimals(cells: Cells, oid: int, declared: pa.Decimal128Type) -> Column:
    precision, scale = declared.precision, declared.scale
    wide: Flags | None = None
    if oid in _INTEGERS:
        whole = cells.integers(_INTEGERS[oid])
        # The smallest number has no positive one.
        limit = 10 ** min(precision - scale, 18 - scale)
        fits = (whole < limit) & (whole > -limit)
        values = np.where(fits, whole, 0) * 10**scale
    elif oid == _NUMERIC:
        values, fits, wide = small_decimals(*cells.words(), precision, scale)
    else:
        return _all_unfit(cells, declared)
    pairs = np.empty((len(values), 2), dtype=np.int64)
    pairs[:, 0], pairs[:, 1] = values, values >> 63
    if wide is not None and wide.any():
        _tell_wide(cells, wide, pairs, fits, precision, scale)
    return _spread(cells, declared, pairs.view("V16")[:, 0], fits)


def _tell_wide(cells: Cells, wide: Flags, pairs: NDArray[np.int64], fits: Flags, precision: int, scale: int) -> None:
    rows = np.flatnonzero(cells.given)
    for place in np.flatnonzero(wide).tolist():
        large = scaled_decimal(cells.value(int(rows[place])), precision, scale)
        fits[place] = large is not None
        if large is not None:
            pairs[place] = np.frombuffer(large.to_bytes(16, "little", signed=True), dtype=np.int64)


def _from_buffers(kind: pa.DataType, valid: Flags, *buffers: NDArray[Any] | pa.Buffer) -> pa.Array:
    bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(valid), [bits, *map(pa.py_buffer, buffers)])


def _texts(cells: Cells, oid: int, declared: pa.DataType) -> Column:
    if oid == _JSONB:
        # A byte for the version comes first, except where the value is sent as text.
        skipped = np.where(cells.given & ~cells.is_text, 1, 0)
        cells = replace(cells, starts=cells.starts + skipped, lengths=cells.lengths - skipped)
    elif oid not in _LIKE_TEXT and not cells.is_text[cells.given].all():
        return _all_unfit(cells, declared)
    refused = {TOO_LONG: cells.lengths > LONGEST}
    if oid in (_JSON, _JSONB):
        refused[NOT_READABLE] = _unreadable(cells)
    unfit = np.logical_or.reduce(list(refused.values()))
    if not unfit.any():
        return _utf8(cells, declared)
    found = _utf8(_without(cells, unfit), declared)
    return replace(found, unfit=found.unfit | unfit, others=refused)


def _utf8(cells: Cells, declared: pa.DataType) -> Column:
    offsets, data = _gathered(cells)
    array = _from_buffers(declared, cells.given, offsets, data)
    unfit = np.zeros(len(cells), dtype=np.bool_)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        unfit = _not_utf8(cells)
        array = pa.array([None if bad else value for value, bad in zip(_decoded(array), unfit, strict=True)], declared)
    return Column(array, unfit, NOT_UTF8)


def _without(cells: Cells, unfit: Flags) -> Cells:
    """Return the values with some of them not given."""
    return replace(cells, given=cells.given & ~unfit, lengths=np.where(unfit, 0, cells.lengths), is_full=False)


def _unreadable(cells: Cells) -> Flags:
    unfit = np.zeros(len(cells), dtype=np.bool_)
    for row in np.flatnonzero(cells.given).tolist():
        unfit[row] = not is_readable(cells.value(row))
    return unfit


def _gathered(cells: Cells) -> tuple[pa.Buffer, pa.Buffer]:
    """Return the offsets and the bytes of an Arrow array of the values.

    The whole buffer is told as an array in which each second element is a value and the others are what stands between
    two values, because Arrow takes elements of an array together faster than NumPy takes bytes.
    """
    count = len(cells)
    bounds = np.empty(2 * count + 1, dtype=np.int64)
    bounds[0:-1:2], bounds[1::2] = cells.starts, cells.starts + cells.lengths
    bounds[-1] = len(cells.buffer.data)
    whole = pa.Array.from_buffers(
        pa.large_binary(), 2 * count, [None, pa.py_buffer(bounds), pa.py_buffer(cells.buffer.data)]
    )
    taken = whole.take(pa.array(np.arange(0, 2 * count, 2))).cast(pa.binary())
    _, offsets, data = taken.buffers()
    return offsets, data


def _not_utf8(cells: Cells) -> Flags:
    unfit = np.zeros(len(cells), dtype=np.bool_)
    for row in np.flatnonzero(cells.given).tolist():
        try:
            cells.value(row).decode()
        except UnicodeDecodeError:
            unfit[row] = True
    return unfit


def _decoded(array: pa.Array) -> list[str | None]:
    return [None if value is None else value.decode(errors="replace") for value in array.cast(pa.binary()).to_pylist()]
