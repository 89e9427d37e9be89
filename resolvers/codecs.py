"""How values of PostgreSQL's are read and written, where asyncpg's own way is not exact."""

import datetime as dt
from typing import Any, Final

import orjson

_EPOCH: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""What PostgreSQL counts microseconds from."""
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_FIRST: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
_LAST: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


async def set_codecs(connection: Any) -> None:
    """Set the codecs of a connection of asyncpg's: texts as varchar and JSON are passed on without reading them."""
    await connection.set_type_codec("varchar", schema="pg_catalog", format="binary", encoder=str.encode, decoder=bytes)
    # Its numbers may have more digits than Python's have.
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_json, decoder=orjson.Fragment)
    # By itself asyncpg takes the first and the last moment that Python knows for infinity.
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_microseconds, decoder=_moment
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _microseconds(moment: dt.datetime) -> tuple[int]:
    return ((moment - _EPOCH) // _MICROSECOND,)


def _moment(told: tuple[int]) -> dt.datetime:
    """Return a moment; of one that Python does not know, infinity among them, the nearest that it does."""
    try:
        return _EPOCH + dt.timedelta(microseconds=told[0])
    except OverflowError:
        return _LAST if told[0] > 0 else _FIRST
