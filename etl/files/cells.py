"""What a cell may hold, by the type of its column.

The rules are narrower than PostgreSQL's own reading of text, so that nothing is rounded, guessed or taken from the
clock: amounts have no more decimals than their column, times are ISO 8601, words such as `now` are no time.
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

Check = Callable[[str], str | None]
"""Returns why a cell cannot be taken, None when it can."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_AMOUNT = re.compile(r"[+-]?(?=[.]?[0-9])([0-9]*)(?:[.]([0-9]*))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,6})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_YES_OR_NO = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"})
_WIDEST_OFFSET = dt.timedelta(hours=15, minutes=59)
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def check_of(column: sa.Column[Any]) -> Check:
    """Return the rule for the cells of a column. TypeError for a type that has none yet: declare its rule here."""
    content = _content_check(column)
    if column.nullable:
        return lambda cell: content(cell) if cell else None
    empty = "empty, and every row needs a value"
    if column.server_default is not None or column.identity is not None:
        empty += "; leave the whole column out of the file where the default is meant"
    return lambda cell: content(cell) if cell else empty


def _content_check(column: sa.Column[Any]) -> Check:
    """Return the rule for a cell that is not empty."""
    if "words" in column.info:
        return _word_check([word.value for word in column.info["words"]])
    if isinstance(column.type, sa.Numeric) and column.type.precision is not None and column.type.scale is not None:
        return _amount_check(column.type.precision - column.type.scale, column.type.scale)
    for kind, check in _CHECKS:
        if isinstance(column.type, kind):
            return check
    raise TypeError(f"{column.table.name}.{column.name}: no rule says how to read {column.type!r} from a file")


def _integer_check(bits: int) -> Check:
    highest = 2 ** (bits - 1) - 1

    def check(cell: str) -> str | None:
        if not _INTEGER.fullmatch(cell):
            return "not a whole number"
        # Python refuses to read numbers of thousands of digits.
        if len(cell) > bits or not -highest - 1 <= int(cell) <= highest:
            return f"out of range: from {-highest - 1} to {highest}"
        return None

    return check


def _amount_check(whole: int, decimals: int) -> Check:
    def check(cell: str) -> str | None:
        found = _AMOUNT.fullmatch(cell)
        if not found:
            return "not an amount: write 1234.56, with a point and nothing else between the digits"
        if len(found[1].lstrip("0")) > whole:
            return f"too large: at most {whole} digits before the point"
        if len((found[2] or "").rstrip("0")) > decimals:
            return f"too fine: at most {decimals} digits after the point"
        return None

    return check


def _word_check(words: list[str]) -> Check:
    reason = f"not one of {', '.join(words)}"
    return lambda cell: None if cell in words else reason


def _yes_or_no(cell: str) -> str | None:
    return None if cell.lower() in _YES_OR_NO else "neither true nor false"


def _date(cell: str) -> str | None:
    reason = "not a date: write 2026-01-31"
    if not _DATE.fullmatch(cell):
        return reason
    try:
        dt.date.fromisoformat(cell)
    except ValueError:
        return reason
    return None


def _time(cell: str) -> str | None:
    reason = "not a point in time: write 2026-01-31T12:00:00-03:00 (without an offset it is taken as UTC)"
    if not _TIME.fullmatch(cell):
        return reason
    try:
        time = dt.datetime.fromisoformat(cell)
    except ValueError:
        return reason
    offset = time.utcoffset()
    if offset is None:
        return None
    if abs(offset) > _WIDEST_OFFSET:
        return "an offset of more than 15:59 hours"
    try:
        time.astimezone(dt.UTC)
    except OverflowError:
        return "outside the years 1 to 9999"
    return None


def _json(cell: str) -> str | None:
    try:
        content = orjson.loads(cell)
    except ValueError:
        return "not JSON"
    if not isinstance(content, dict):
        return 'not a JSON object: write {"name": value}'
    try:
        written = orjson.dumps(content)
    except orjson.JSONEncodeError:
        return "JSON that is nested too deep for an answer"
    return "JSON with a NUL character, which PostgreSQL cannot keep" if _ESCAPED_NUL.search(written) else None


def _text(cell: str) -> str | None:
    if "\0" in cell:
        return "a NUL byte, which PostgreSQL cannot keep"
    try:
        cell.encode()
    except UnicodeEncodeError:
        return "not UTF-8: save the file in that encoding"
    return None


# The first that fits: a big integer is an integer as well.
_CHECKS: tuple[tuple[type[sa.types.TypeEngine[Any]], Check], ...] = (
    (sa.BigInteger, _integer_check(bits=64)),
    (sa.Integer, _integer_check(bits=32)),
    (sa.Boolean, _yes_or_no),
    (sa.DateTime, _time),
    (sa.Date, _date),
    (JSONB, _json),
    (sa.Text, _text),
)
