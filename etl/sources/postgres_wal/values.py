"""Values as PostgreSQL sends them in binary, a column at a time into an Arrow array of the declared type."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.sources.postgres_wal.cells import Cells, Flags, Positions
from etl.sources.postgres_wal.decimals import scaled_decimals, small_decimals

# Days and microseconds from 1970 to 2000, where PostgreSQL begins to count.
_EPOCH_DAYS: Final = 10_957
_EPOCH_MICROSECONDS: Final = _EPOCH_DAYS * 86_400_000_000
# The years that warehouses can tell, 1 to 9999, as days and microseconds from 1970.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_FIRST_MOMENT, _LAST_MOMENT = _FIRST_DAY * 86_400_000_000, (_LAST_DAY + 1) * 86_400_000_000 - 1

_BOOL, _INT8, _INT2, _INT4, _JSON, _JSONB = 16, 20, 21, 23, 114, 3802
_DATE, _TIMESTAMP, _TIMESTAMPTZ, _NUMERIC = 1082, 1114, 1184, 1700
_INTEGERS: Final = {_INT2: 2, _INT4: 4, _INT8: 8}
_LIKE_TEXT: Final = frozenset({18, 19, 25, 1042, 1043, _JSON, 2950})

UNFIT: Final = "out of the declared type's range"
OTHER_TYPE: Final = "the source's type is not the declared one"
NOT_UTF8: Final = "not UTF-8"


@dataclass(frozen=True)
class Column:
    """A column's values, null where a row has none or an unfit one, and which rows have an unfit one."""

    values: pa.Array
    unfit: Flags
    reason: str


def column_of(cells: Cells, oid: int, declared: pa.DataType) -> Column:
    """Return the values of a column whose type in the source is `oid`; one that does not fit is told, not raised."""
    rows = np.flatnonzero(cells.given)
    if pa.types.is_string(declared):
        return _texts(cells, rows, oid, declared)
    if cells.is_text[rows].any():
        return _all_unfit(cells, declared)
    if pa.types.is_decimal128(declared):
        return _decimals(cells, rows, oid, declared)
    read = _READERS.get(_kind(declared))
    found = read(cells, rows, oid) if read else None
    return _all_unfit(cells, declared) if found is None else _spread(cells, rows, declared, *found)


Found = tuple[NDArray[Any], Flags]


def _kind(declared: pa.DataType) -> str:
    return str(declared)


def _integers(low: int, high: int) -> Callable[[Cells, Positions, int], Found | None]:
    def read(cells: Cells, rows: Positions, oid: int) -> Found | None:
        if oid not in _INTEGERS:
            return None
        values = _fixed(cells, rows, _INTEGERS[oid])
        return values, (values >= low) & (values <= high)

    return read


def _booleans(cells: Cells, rows: Positions, oid: int) -> Found | None:
    if oid != _BOOL:
        return None
    return cells.fixed(rows, 1)[:, 0] != 0, np.ones(len(rows), dtype=np.bool_)


def _moments(cells: Cells, rows: Positions, oid: int) -> Found | None:
    if oid == _DATE:
        days = _fixed(cells, rows, 4)
        fits = (days >= _FIRST_DAY - _EPOCH_DAYS) & (days <= _LAST_DAY - _EPOCH_DAYS)
        return np.where(fits, days + _EPOCH_DAYS, 0) * 86_400_000_000, fits
    if oid not in (_TIMESTAMP, _TIMESTAMPTZ):
        return None
    values = _fixed(cells, rows, 8)
    # Infinity is the largest number and would overflow.
    fits = (values >= _FIRST_MOMENT - _EPOCH_MICROSECONDS) & (values <= _LAST_MOMENT - _EPOCH_MICROSECONDS)
    return np.where(fits, values, 0) + _EPOCH_MICROSECONDS, fits


def _days(cells: Cells, rows: Positions, oid: int) -> Found | None:
    if oid != _DATE:
        return None
    values = _fixed(cells, rows, 4)
    fits = (values >= _FIRST_DAY - _EPOCH_DAYS) & (values <= _LAST_DAY - _EPOCH_DAYS)
    return (np.where(fits, values, 0) + _EPOCH_DAYS).astype(np.int32), fits


_READERS: Final[dict[str, Callable[[Cells, Positions, int], Found | None]]] = {
    "int64": _integers(-(2**63), 2**63 - 1),
    "int32": _integers(-(2**31), 2**31 - 1),
    "bool": _booleans,
    "timestamp[us, tz=UTC]": _moments,
    "date32[day]": _days,
}


def _fixed(cells: Cells, rows: Positions, width: int) -> NDArray[np.int64]:
    return cells.fixed(rows, width).view(f">i{width}")[:, 0].astype(np.int64)


def _spread(cells: Cells, rows: Positions, declared: pa.DataType, values: NDArray[Any], fits: Flags) -> Column:
    """Put the values that rows have into their places."""
    count = len(cells.given)
    wide = np.zeros(count, dtype=values.dtype)
    wide[rows] = values
    unfit = np.zeros(count, dtype=np.bool_)
    unfit[rows] = ~fits
    array = pa.array(wide, mask=~cells.given | unfit)
    return Column(array if array.type == declared else array.cast(declared, safe=False), unfit, UNFIT)


def _all_unfit(cells: Cells, declared: pa.DataType) -> Column:
    return Column(pa.nulls(len(cells.given), declared), cells.given, OTHER_TYPE)


def _decimals(cells: Cells, rows: Positions, oid: int, declared: pa.Decimal128Type) -> Column:
    precision, scale = declared.precision, declared.scale
    if oid in _INTEGERS:
        whole = _fixed(cells, rows, _INTEGERS[oid])
        fits = np.abs(whole) < 10 ** min(precision - scale, 18 - scale)
        values, wide = np.where(fits, whole, 0) * 10**scale, np.zeros(len(rows), dtype=np.bool_)
    elif oid == _NUMERIC:
        values, fits, wide = small_decimals(cells, rows, precision, scale)
    else:
        return _all_unfit(cells, declared)
    pairs = np.zeros((len(cells.given), 2), dtype=np.int64)
    pairs[rows, 0], pairs[rows, 1] = values, values >> 63
    for place in np.flatnonzero(wide):
        large = scaled_decimals(cells, rows[place : place + 1], precision, scale)[0]
        fits[place] = large is not None
        if large is not None:
            pairs[rows[place]] = np.frombuffer(large.to_bytes(16, "little", signed=True), dtype=np.int64)
    unfit = np.zeros(len(cells.given), dtype=np.bool_)
    unfit[rows] = ~fits
    return Column(_from_buffers(declared, cells.given & ~unfit, pairs), unfit, UNFIT)


def _from_buffers(kind: pa.DataType, valid: Flags, *buffers: NDArray[Any]) -> pa.Array:
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(kind, len(valid), [bits, *map(pa.py_buffer, buffers)])


def _texts(cells: Cells, rows: Positions, oid: int, declared: pa.DataType) -> Column:
    if oid == _JSONB:
        # A byte for the version comes first, except where the value is sent as text.
        skipped = np.where(cells.given & ~cells.is_text, 1, 0)
        cells = Cells(
            cells.buffer, cells.starts + skipped, cells.lengths - skipped, cells.given, cells.unchanged, cells.is_text
        )
    elif oid not in _LIKE_TEXT and not cells.is_text[rows].all():
        return _all_unfit(cells, declared)
    data = cells.gathered(rows)
    offsets = np.concatenate([[0], np.cumsum(cells.lengths)]).astype(np.int32)
    array = _from_buffers(declared, cells.given, offsets, data)
    unfit = np.zeros(len(cells.given), dtype=np.bool_)
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        unfit = _not_utf8(cells)
        array = pa.array([None if bad else value for value, bad in zip(_decoded(array), unfit, strict=True)], declared)
    return Column(array, unfit, NOT_UTF8)


def _not_utf8(cells: Cells) -> Flags:
    unfit = np.zeros(len(cells.given), dtype=np.bool_)
    for row in np.flatnonzero(cells.given):
        value = bytes(cells.buffer[cells.starts[row] : cells.starts[row] + cells.lengths[row]])
        try:
            value.decode()
        except UnicodeDecodeError:
            unfit[row] = True
    return unfit


def _decoded(array: pa.Array) -> list[str | None]:
    return [None if value is None else value.decode(errors="replace") for value in array.cast(pa.binary()).to_pylist()]
