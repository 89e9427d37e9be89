"""The graph's scalars: how values are written to clients and read from them."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import FloatValueNode, GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

BigInt = NewType("BigInt", int)

_BIGINT = range(-(2**63), 2**63)
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_DATE_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)([Zz]|[+-]\d{2}:[0-5]\d)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_MAX_DIGITS = 131_072
"""Digits that PostgreSQL's numeric can hold before its point."""
_MAX_DECIMALS = 16_383
"""Digits that it can hold after its point."""


def write_big_int(value: int) -> str:
    """Return the integer as a string, which no client rounds."""
    return str(value)


def read_big_int(value: Any) -> int:
    """Return the 64-bit integer that a string or an integer stands for."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return read_big_int(int(value))
    if isinstance(value, int) and not isinstance(value, bool) and value in _BIGINT:
        return value
    raise GraphQLError("A BigInt is a whole number of at most 64 bits, best written as a string.")


def write_decimal(value: Decimal) -> str:
    """Return the number with all its digits, never with an exponent."""
    return f"{value:f}"


def read_decimal(value: Any) -> Decimal:
    """Return the number that a string stands for; numbers are taken with the digits that they show."""
    number = _number(value)
    if number is not None and number.adjusted() < _MAX_DIGITS and int(number.as_tuple().exponent) >= -_MAX_DECIMALS:
        return number
    raise GraphQLError('A Decimal is a number written as a string: "12.50".')


def _number(value: Any) -> Decimal | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    text = repr(value) if isinstance(value, float) else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def write_date_time(value: dt.datetime) -> str:
    """Return the point in time in UTC by RFC 3339, with as many digits of a second as it has."""
    text = value.astimezone(dt.UTC).isoformat()
    if value.microsecond:
        seconds, offset = text[:-6], text[-6:]
        return seconds.rstrip("0") + offset
    return text


def read_date_time(value: Any) -> dt.datetime:
    """Return the point in time that an RFC 3339 text with an offset stands for."""
    if isinstance(value, str) and (match := _DATE_TIME.fullmatch(value)):
        day, time, offset = match.groups()
        try:
            moment = dt.datetime.fromisoformat(f"{day}T{time}{'+00:00' if offset in 'Zz' else offset}")
            return moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            pass
    raise GraphQLError('A DateTime is written by RFC 3339 with an offset: "2026-03-01T09:30:00-03:00".')


def write_date(value: dt.date) -> str:
    """Return the day by ISO 8601."""
    return value.isoformat()


def read_date(value: Any) -> dt.date:
    """Return the day that an ISO 8601 text stands for."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError('A Date is written by ISO 8601: "2026-03-01".')


def _literal(read: Callable[[Any], Any], *kinds: type[ValueNode]) -> Callable[..., Any]:
    """Return a reader of literals in a document: the text of the allowed kinds of literals, exactly as written."""

    def read_literal(node: ValueNode, _variables: Any = None) -> Any:
        try:
            return read(getattr(node, "value", None) if isinstance(node, kinds) else None)
        except GraphQLError as error:
            raise GraphQLError(error.message, node) from error

    return read_literal


def _scalar(
    name: str,
    description: str,
    write: Callable[[Any], Any],
    read: Callable[[Any], Any],
    *literals: type[ValueNode],
    url: str | None = None,
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name,
        description=description,
        serialize=write,
        parse_value=read,
        parse_literal=_literal(read, *literals),
        specified_by_url=url,
    )


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: _scalar(
        "BigInt",
        "A whole number of at most 64 bits, written as a string so that no client rounds it.",
        write_big_int,
        read_big_int,
        StringValueNode,
        IntValueNode,
    ),
    Decimal: _scalar(
        "Decimal",
        "A decimal number, written as a string so that no digit is lost.",
        write_decimal,
        read_decimal,
        StringValueNode,
        IntValueNode,
        FloatValueNode,
    ),
    dt.datetime: _scalar(
        "DateTime",
        "A point in time by RFC 3339, with its offset.",
        write_date_time,
        read_date_time,
        StringValueNode,
        url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    dt.date: _scalar("Date", "A day by ISO 8601.", write_date, read_date, StringValueNode),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
    ),
}
