"""Cursors: a place in an ordering, sealed so that clients can neither read nor change it.

A cursor is AES-SIV (RFC 5297) over the values of the ordering's fields. What it belongs to, the field of the graph,
the ordering and the filter, goes in as associated data: a cursor from elsewhere does not open. The encryption is
deterministic, so that equal places have equal cursors and answers can be compared and kept.
"""

import binascii
import datetime as dt
import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from resolvers.sql.order import Ordering
from schema.model import Kind
from schema.scalars import write_date_time, write_decimal
from security.errors import BadUserInput

_MOST_KNOWN: Final = 1024
_LONGEST_KNOWN: Final = 256


class Cursors:
    """Seals and opens cursors with a key derived from a secret; every process of a deployment has the same secret.

    The last ones that were given at the ends of pages are known: the next page is asked for by one of them, and a page
    that is asked for again ends where it did. They open wherever they would without that, and nowhere else.
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"cienty cursor" + secret).digest())
        self._given: dict[tuple[bytes, bytes], bytes] = {}
        self._known: dict[tuple[bytes, str], Sequence[Any]] = {}

    def seal(self, belongs_to: bytes, values: Sequence[Any]) -> str:
        """Return the cursor of a place, given by a value for each step of its ordering."""
        plain = orjson.dumps([_written(value) for value in values])
        return self._sealed(belongs_to, plain).decode()

    def seal_written(self, belongs_to: bytes, values: bytes) -> bytes:
        """Return the same cursor, in ASCII, where the values are a JSON array already, with any spaces and escapes."""
        return self._sealed(belongs_to, orjson.dumps(orjson.loads(values)))

    def seal_end(self, belongs_to: bytes, values: bytes) -> bytes:
        """Return the same of a row at one of a page's ends, and know it from now on."""
        given = self._given.get((belongs_to, values))
        if given is None:
            given = self.seal_written(belongs_to, values)
            if len(values) <= _LONGEST_KNOWN:
                self._keep(belongs_to, values, given)
        return given

    def open(self, belongs_to: bytes, ordering: Ordering, cursor: str) -> list[Any]:
        """Return the values of a cursor; one that was changed or belongs elsewhere is refused."""
        try:
            values = self._known.get((belongs_to, cursor))
            if values is None:
                values = orjson.loads(self._cipher.decrypt(_read_spelled(cursor), [belongs_to]))
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise BadUserInput(
                "The cursor does not belong here: pass one that this field gave with the same `orderBy` and `where`."
            ) from error
        return [_read(step.field.kind, value) for step, value in zip(ordering.steps, values, strict=True)]

    def _sealed(self, belongs_to: bytes, plain: bytes) -> bytes:
        return _spelled(self._cipher.encrypt(plain, [belongs_to]))

    def _keep(self, belongs_to: bytes, values: bytes, cursor: bytes) -> None:
        if len(self._given) >= _MOST_KNOWN:
            self._given.clear()
            self._known.clear()
        self._given[belongs_to, values] = cursor
        self._known[belongs_to, cursor.decode()] = orjson.loads(values)


# Base64 for addresses (RFC 4648, 5); the module `base64` takes three times as long for it.
_TO_URLS, _FROM_URLS = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")


def _spelled(sealed: bytes) -> bytes:
    return binascii.b2a_base64(sealed, newline=False).translate(_TO_URLS, b"=")


def _read_spelled(cursor: str) -> bytes:
    """Return what a cursor spells, of whose spellings in base64 only that of `_spelled` is taken."""
    spelled = cursor.encode("ascii")
    padded = spelled.translate(_FROM_URLS) + b"=" * (-len(spelled) % 4)
    sealed = binascii.a2b_base64(padded, strict_mode=True)
    if _spelled(sealed) != spelled:
        raise ValueError("not as it was given")
    return sealed


def belonging(coordinate: str, ordering: Ordering, where: Any) -> bytes:
    """Return what a cursor belongs to: a field of the graph (`Customer.orders`), an ordering and a filter."""
    told = [coordinate, ordering.fingerprint, where]
    try:
        text = orjson.dumps(told, default=_canonical, option=orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError as error:
        raise BadUserInput("`where` is nested too deeply, or has a text with half of a surrogate pair.") from error
    return hashlib.sha256(text).digest()


def _canonical(value: Any) -> str:
    """Write what JSON has no form for; integers of more than 64 bits among them can't occur, inputs have types."""
    return f"{type(value).__name__}:{value}"


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return write_decimal(value)
    if isinstance(value, dt.datetime):
        return write_date_time(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _read(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case Kind.DECIMAL:
            return Decimal(value)
        case Kind.DATETIME:
            return _read_moment(value)
        case Kind.DATE:
            return dt.date.fromisoformat(value)
    return value


def _read_moment(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        # The database has more: infinity, and years before 1 and after 9999.
        raise BadUserInput("No page goes on at a moment outside the years 1 to 9999: order otherwise.") from error
