"""Debezium's envelopes: what happened to which row, and where in the source's order.

Formats: Debezium's documentation, "PostgreSQL connector", "Data change events". Values come as Kafka Connect's
JsonConverter writes them, with `schemas.enable` or without.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

import orjson

from etl.changes import Operation

_OPERATIONS: Final = {
    "c": Operation.INSERT,
    "r": Operation.INSERT,
    "u": Operation.UPDATE,
    "d": Operation.DELETE,
    "t": Operation.TRUNCATE,
}
_SNAPSHOT, _MESSAGE = "r", "m"
_INCREMENTAL: Final = "incremental"
_OLD_KEY: Final = "__debezium.oldkey"
# More than any server writes: what is counted on from there still fits into 64 bits.
_LARGEST_LSN: Final = 2**62
_FIRST_MOMENT, _LAST_MOMENT = -62_135_596_800_000_000, 253_402_300_799_999_999
MALFORMED: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""What reading raises where something has another form than Debezium's."""

Fields = Mapping[str, Mapping[str, Any]]
Headers = Sequence[tuple[str, bytes | str | None]]


class NoEnvelope(Exception):
    """A message is none of Debezium's; the text says why, without quoting it."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a change stands in the source's order: the commit before its transaction, its own LSN, its number therein.

    The number is 0 where Debezium isn't told to provide transaction metadata.
    """

    commit: int = 0
    lsn: int = 0
    number: int = 0

    def was_before(self, last: "Place | None") -> bool:
        """Tell whether a change at this place came before, when `last` is the place of the last one.

        Several rows that one COPY inserts share an LSN: without numbers the same place is not the same change.
        """
        return last is not None and (self <= last if self.number else self < last)


@dataclass(frozen=True)
class Event:
    """A change. `values` are those of the new row, or of the old one for a DELETE; `fields` tells their types.

    `committed_at` is in microseconds from 1970. `place` is None for rows of a snapshot, which were `read_at` an LSN; a
    snapshot `begins_anew` unless it is made beside the stream, bit by bit.
    """

    operation: Operation
    key: int | None
    old_key: int | None
    values: Mapping[str, Any]
    fields: Fields
    committed_at: int
    place: Place | None = None
    read_at: int = 0
    begins_anew: bool = False


@dataclass(frozen=True)
class Note:
    """What was written into the source's log by `pg_logical_emit_message`."""

    lsn: int
    prefix: str
    content: str = field(repr=False)

    def decoded(self) -> bytes:
        """Return its content, which comes as base64."""
        try:
            return base64.b64decode(self.content, validate=True)
        except ValueError:
            return b""


def read_envelope(value: bytes, key: bytes | None, headers: Headers, key_column: str) -> Event | Note:
    """Return what a message says; raises NoEnvelope."""
    try:
        return _read(value, key, headers, key_column)
    except MALFORMED:
        raise NoEnvelope("it has not the form of Debezium's messages") from None


def _read(value: bytes, key: bytes | None, headers: Headers, key_column: str) -> Event | Note:
    whole = _object(value)
    schema = whole.get("schema") if "payload" in whole else None
    payload = _payload(whole)
    word, source = payload.get("op"), payload.get("source")
    if not isinstance(source, dict):
        raise NoEnvelope("it has no source")
    if word == _MESSAGE:
        return _note(payload, source)
    if word not in _OPERATIONS:
        raise NoEnvelope("its operation is unknown")
    operation = _OPERATIONS[word]
    side = "before" if operation is Operation.DELETE else "after"
    values = payload.get(side) or {}
    if not isinstance(values, dict):
        raise NoEnvelope("its row is none")
    number = None if operation is Operation.TRUNCATE else _key(values, key, key_column)
    return Event(
        operation=operation,
        key=number,
        old_key=_old_key(headers, key_column) if operation is Operation.INSERT else None,
        values=values,
        fields=_fields(schema, side),
        committed_at=_microseconds(source),
        place=None if word == _SNAPSHOT else _place(source, payload.get("transaction")),
        read_at=_lsn(source.get("lsn") or 0) if word == _SNAPSHOT else 0,
        begins_anew=word == _SNAPSHOT and source.get("snapshot") != _INCREMENTAL,
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise NoEnvelope("it is not JSON") from None
    if not isinstance(found, dict):
        raise NoEnvelope("it is no JSON object")
    return found


def _payload(whole: dict[str, Any]) -> dict[str, Any]:
    found = whole.get("payload", whole)
    if not isinstance(found, dict):
        raise NoEnvelope("its payload is no object")
    return found


def _key(values: Mapping[str, Any], key: bytes | None, column: str) -> int:
    """Return the row's key, of the message's own or of the row."""
    said = _payload(_object(key)).get(column) if key else None
    found = said if said is not None else values.get(column)
    if not _is_number(found):
        raise NoEnvelope("it has no key that is a number")
    return found


def _is_number(value: Any) -> TypeGuard[int]:
    """Tell whether a value is a whole number of 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _old_key(headers: Headers, column: str) -> int | None:
    """Return the key that a row had before, of which Debezium tells in a header of the new row's event."""
    data = next((value for name, value in headers if name == _OLD_KEY), None)
    if data is None:
        return None
    found = _payload(_object(data.encode() if isinstance(data, str) else data)).get(column)
    if found is None:
        return None
    if not _is_number(found):
        raise NoEnvelope("its former key is no number")
    return found


def _place(source: Mapping[str, Any], transaction: Any) -> Place:
    if source.get("lsn") is None:
        raise NoEnvelope("it has no lsn")
    said, commit = source.get("sequence"), 0
    if isinstance(said, str):
        commit = _lsn(json.loads(said)[0] or 0)
    number = transaction.get("total_order") if isinstance(transaction, dict) else None
    return Place(commit, _lsn(source["lsn"]), number if _is_number(number) else 0)


def _lsn(value: Any) -> int:
    """Return an LSN, which comes as a number or as its digits."""
    found = int(value)
    if not 0 <= found < _LARGEST_LSN:
        raise NoEnvelope("its place in the log is none")
    return found


def _microseconds(source: Mapping[str, Any]) -> int:
    for name, factor in (("ts_us", 1), ("ts_ms", 1000)):
        if isinstance(found := source.get(name), int):
            if not _FIRST_MOMENT <= found * factor <= _LAST_MOMENT:
                raise NoEnvelope("its time is none")
            return found * factor
    return 0


def _note(payload: Mapping[str, Any], source: Mapping[str, Any]) -> Note:
    said = payload.get("message")
    if not isinstance(said, dict):
        raise NoEnvelope("its message is none")
    return Note(_lsn(source.get("lsn") or 0), str(said.get("prefix", "")), str(said.get("content", "")))


def _fields(schema: Any, side: str) -> Fields:
    """Return the types of a row's values by name, where the message tells them."""
    outer = schema.get("fields") if isinstance(schema, dict) else None
    for part in outer or ():
        if part.get("field") == side:
            return {one["field"]: one for one in part.get("fields") or ()}
    return {}
