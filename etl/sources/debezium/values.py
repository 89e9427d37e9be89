"""Values of Debezium's JSON as those of the declared types; one that can't be is `Unfit`.

Encodings: Debezium's documentation, "PostgreSQL connector", "Data type mappings".
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

import pyarrow as pa

from etl.sources.debezium.envelope import MALFORMED
from etl.sources.postgres_wal.documents import is_readable
from etl.sources.postgres_wal.values import LONGEST, NOT_READABLE, OTHER_TYPE, TOO_LONG, UNFIT

_PLACEHOLDER: Final = "__debezium_unavailable_value"
_UNAVAILABLE: Final = frozenset({_PLACEHOLDER, base64.b64encode(_PLACEHOLDER.encode()).decode()})
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_DAY: Final = 86_400_000_000
_MICROSECOND: Final = dt.timedelta(microseconds=1)
# What a whole number of a time counts, by the name of its type, in nanoseconds.
_UNITS: Final = {
    "io.debezium.time.Timestamp": 1_000_000,
    "org.apache.kafka.connect.data.Timestamp": 1_000_000,
    "io.debezium.time.MicroTimestamp": 1_000,
    "io.debezium.time.NanoTimestamp": 1,
}
_WIDE: Final = Context(prec=80)
_JSON: Final = "io.debezium.data.Json"

Field = Mapping[str, Any]


class Unfit(Exception):
    """A value can't be one of the declared type; the text says why, without quoting it."""


@dataclass(frozen=True)
class Encoding:
    """How values are written where messages tell no types: decimals as bytes (`precise`) or as text."""

    decimals_are_text: bool = False


def is_unavailable(value: Any) -> bool:
    """Tell whether a value stands for one that is long and did not change, in text, bytes or a list of either."""
    if isinstance(value, list):
        return len(value) == 1 and is_unavailable(value[0])
    return isinstance(value, str) and value in _UNAVAILABLE


def value_of(value: Any, field: Field | None, declared: pa.DataType, encoding: Encoding) -> Any:
    """Return a value as Arrow takes it for the declared type; raises Unfit."""
    if value is None:
        return None
    read = None if pa.types.is_decimal128(declared) else _READERS[str(declared)]
    try:
        return read(value, field) if read else _decimal(value, field, declared, encoding)
    except MALFORMED:
        raise Unfit(OTHER_TYPE) from None


def _whole(bits: int) -> Callable[[Any, Field | None], int]:
    def read(value: Any, _: Field | None) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unfit(OTHER_TYPE)
        if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise Unfit(UNFIT)
        return value

    return read


def _truth(value: Any, _: Field | None) -> bool:
    if not isinstance(value, bool):
        raise Unfit(OTHER_TYPE)
    return value


def _text(value: Any, field: Field | None) -> str:
    """Return a text; of JSON that messages tell no types of only that which comes as an object or a list is known."""
    is_json = isinstance(value, dict | list)
    found = _written(value) if is_json else value
    if not isinstance(found, str):
        raise Unfit(OTHER_TYPE)
    data = found.encode()
    if len(data) > LONGEST:
        raise Unfit(TOO_LONG)
    if (is_json or _kind(field) == _JSON) and not is_readable(data):
        raise Unfit(NOT_READABLE)
    return found


def _written(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise Unfit(NOT_READABLE) from None


def _moment(value: Any, field: Field | None) -> int:
    """Return microseconds from 1970."""
    if isinstance(value, str):
        found = (_parsed(value) - _EPOCH) // _MICROSECOND
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value * _UNITS.get(_kind(field), 1_000) // 1_000
    else:
        raise Unfit(OTHER_TYPE)
    if not _FIRST_DAY * _DAY <= found < (_LAST_DAY + 1) * _DAY:
        raise Unfit(UNFIT)
    return found


def _parsed(value: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError:
        raise Unfit(UNFIT) from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _day(value: Any, _: Field | None) -> int:
    """Return days from 1970."""
    if isinstance(value, str):
        found = (_parsed(value) - _EPOCH).days
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    else:
        raise Unfit(OTHER_TYPE)
    if not _FIRST_DAY <= found <= _LAST_DAY:
        raise Unfit(UNFIT)
    return found


_READERS: Final[dict[str, Callable[[Any, Field | None], Any]]] = {
    "int64": _whole(64),
    "int32": _whole(32),
    "bool": _truth,
    "string": _text,
    "timestamp[us, tz=UTC]": _moment,
    "date32[day]": _day,
}


def _decimal(value: Any, field: Field | None, declared: pa.Decimal128Type, encoding: Encoding) -> Decimal:
    found = _number(value, field, declared.scale, encoding)
    if not found.is_finite() or found.copy_abs() >= Decimal(10) ** (declared.precision - declared.scale):
        raise Unfit(UNFIT)
    exact = found.quantize(Decimal(1).scaleb(-declared.scale), context=_WIDE)
    if exact != found:
        raise Unfit(UNFIT)
    return exact


def _number(value: Any, field: Field | None, scale: int, encoding: Encoding) -> Decimal:
    if isinstance(value, dict):
        # io.debezium.data.VariableScaleDecimal, for numbers without a declared scale.
        if not isinstance(value.get("scale"), int):
            raise Unfit(OTHER_TYPE)
        return _unscaled(value.get("value"), value["scale"])
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unfit(OTHER_TYPE)
    if isinstance(value, int | float):
        return Decimal(repr(value))
    is_text = field.get("type") == "string" if field else encoding.decimals_are_text
    if not is_text:
        said = (field or {}).get("parameters") or {}
        return _unscaled(value, int(said.get("scale", scale)))
    try:
        return Decimal(value)
    except InvalidOperation:
        raise Unfit(OTHER_TYPE) from None


def _unscaled(value: Any, scale: int) -> Decimal:
    """Return the number whose digits are the bytes of a whole one in two's complement, as base64."""
    try:
        digits = base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Unfit(OTHER_TYPE) from None
    try:
        return _WIDE.scaleb(Decimal(int.from_bytes(digits, "big", signed=True)), -scale)
    except InvalidOperation:
        raise Unfit(UNFIT) from None


def _kind(field: Field | None) -> str:
    return str(field.get("name")) if field else ""
