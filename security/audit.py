"""The chain of the audit log: how each row is bound to those before it, and how a break in it is found.

Three bonds hold a row. Its *seal* is made of its record with a secret that the database does not have, so that whoever
may write there can change or add no row. Its *link* is a hash over its number, its seal and the link before, so that a
row taken out or moved breaks the chain there. *Anchors*, kept outside the database, tell which link a row had once, so
that an end cut off, or a chain made anew from some row on, shows too.

What a record tells stands in columns too, by which the log is read; they are compared with the record.
"""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SEAL_BYTES = 32
START = bytes(32)
"""What stands for the link before the first row."""


@dataclass(frozen=True)
class AuditRow:
    """A row of the log: the `position`-th byte of a journal is where the record began.

    `columns` are those that say what the record says, by their names: texts, times and None.
    """

    id: int
    journal: str
    position: int
    record: str
    seal: bytes
    link: bytes
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Broken:
    """The first row at which the log is not what was written."""

    id: int
    reason: str


def seal_of(secret: bytes, journal: str, position: int, record: bytes) -> bytes:
    """Return the seal of a record: keyed BLAKE2b (RFC 7693) over it and where it was first written."""
    return sealing(secret, journal)(position, record)


def sealing(secret: bytes, journal: str) -> Callable[[int, bytes], bytes]:
    """Return what seals the records of a journal by their positions."""
    begun = _keyed(secret).copy()
    begun.update(f"{journal} ".encode())

    def sealed(position: int, record: bytes) -> bytes:
        seal = begun.copy()
        seal.update(b"%d %b" % (position, record))
        return seal.digest()

    return sealed


@lru_cache(maxsize=4)
def _keyed(secret: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(key=hashlib.sha256(secret).digest(), digest_size=SEAL_BYTES)


def link_of(previous: bytes, row: AuditRow) -> bytes:
    """Return the link of a row after another's; the database's function `gateway_audit` makes the same."""
    return hashlib.sha256(previous + row.id.to_bytes(8, signed=True) + row.seal).digest()


def first_broken(rows: Iterable[AuditRow], secret: bytes, anchors: Mapping[int, bytes]) -> Broken | None:
    """Return where the log is broken first, None where it is whole; `rows` in the order of their ids."""
    found = next(_breaks(rows, secret, anchors), None)
    return found if found is None else _since_anchor(found, anchors)


def _breaks(rows: Iterable[AuditRow], secret: bytes, anchors: Mapping[int, bytes]) -> Iterator[Broken]:
    """Yield what breaks the log, from its first row on."""
    expected, previous = 1, START
    reached: dict[str, int] = {}
    for row in rows:
        if row.id != expected:
            yield Broken(min(expected, row.id), "is missing" if row.id > expected else "is out of place")
        if not hmac.compare_digest(row.seal, seal_of(secret, row.journal, row.position, row.record.encode())):
            yield Broken(row.id, "was changed, or not written by a gateway with this secret")
        elif (name := _lying(row)) is not None:
            yield Broken(row.id, f"was changed: `{name}` is not what its record says")
        if row.position <= reached.get(row.journal, -1):
            yield Broken(row.id, "comes after one that was written later")
        if row.link != link_of(previous, row):
            yield Broken(row.id, "does not follow from the row before it")
        if row.link != anchors.get(row.id, row.link):
            yield Broken(row.id, "is not the one that the anchor tells of")
        expected, previous, reached[row.journal] = row.id + 1, row.link, row.position
    if any(anchored >= expected for anchored in anchors):
        yield Broken(expected, "is missing: the anchor tells of later rows")


def _lying(row: AuditRow) -> str | None:
    """Return the first column that says anything else than the record of its row, which its seal has proved."""
    told = json.loads(row.record)
    return next((name for name, value in row.columns.items() if not _is_same(value, told.get(name))), None)


def _is_same(value: Any, told: Any) -> bool:
    if isinstance(value, dt.datetime) and isinstance(told, str):
        return value == dt.datetime.fromisoformat(told)
    return bool(value == told)


def _since_anchor(found: Broken, anchors: Mapping[int, bytes]) -> Broken:
    """Return a break with the first row that it may have begun at, where only an anchor told of it."""
    if "anchor tells of later" in found.reason or "anchor" not in found.reason:
        return found
    known = max((anchored for anchored in anchors if anchored < found.id), default=0)
    return Broken(known + 1, f"or one up to {found.id} was written anew: row {found.id} {found.reason}")
