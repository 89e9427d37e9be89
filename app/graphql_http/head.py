"""The head of a request: of its headers those that say how it is to be read and answered, found in one pass."""

from collections.abc import Iterable
from time import monotonic
from typing import Final

from starlette.types import Scope

from app.exchange import NOTES
from security.tokens import Bearer

_READ: Final = frozenset(
    {
        b"accept",
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"graphql-cost",
        b"graphql-explain",
    }
)
_BEARER: Final = "Bearer "
_USUAL_TYPES: Final = frozenset({"application/json", "application/json; charset=utf-8"})
_MOST_DIGITS: Final = 15
_MOST_KEPT: Final = 1024
_SECONDS: Final = 60.0
_LONGEST_KEPT: Final = 4096
"""Bytes of a head that is kept: all of them together take no more than some megabytes."""

Header = tuple[bytes, bytes]


class Head:
    """The values of the headers that matter; of those that several lines may have, each of them in their order.

    `bearer` is the token of the one Authorization header, where it is written as most are. `is_usual` is true of a head
    that asks for nothing special and announces plain JSON, so that nothing more of it need be looked at but how many
    bytes are `announced`, None where that is not said or not as most say it.
    """

    __slots__ = (
        "accept",
        "announced",
        "authorization",
        "bearer",
        "content_encoding",
        "content_length",
        "content_type",
        "cost",
        "explain",
        "is_usual",
    )

    def __init__(self, headers: Iterable[Header]) -> None:
        """Read headers, whose names are lower-case bytes."""
        found: dict[bytes, list[str]] = {}
        for name, value in headers:
            found.setdefault(name, []).append(value.decode("latin-1"))
        read = found.get
        # Several lines are one list (RFC 9110, 5.3).
        self.accept = ",".join(read(b"accept", _NONE)) or None
        self.authorization = read(b"authorization", _NONE)
        self.bearer = _bearer(self.authorization)
        self.content_encoding = read(b"content-encoding", _ABSENT)[0]
        self.content_length = read(b"content-length", _ABSENT)[0]
        self.announced = _announced(self.content_length)
        self.content_type = read(b"content-type", _NONE)
        self.cost = read(b"graphql-cost", _ABSENT)[0]
        self.explain = read(b"graphql-explain", _ABSENT)[0]
        is_plain = self.content_encoding is None and self.cost is None and self.explain is None
        self.is_usual = is_plain and len(self.content_type) == 1 and self.content_type[0] in _USUAL_TYPES


class Heads:
    """Reads heads; a client sends the same one with each of its requests, most often, so the last ones are kept.

    Tokens are among them: all are forgotten after a minute, as what was verified is.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Header, ...], Head] = {}
        self._until = 0.0

    def of(self, scope: Scope) -> Head:
        """Return the head of a request; of one that came before it is noted."""
        notes: dict[object, Head] | None = scope.get(NOTES)
        if notes is None:
            return self.read(scope["headers"])
        return notes.get(self) or notes.setdefault(self, Head(scope["headers"]))

    def read(self, headers: Iterable[Header]) -> Head:
        """Return the head with these headers, whose names are lower-case bytes."""
        matter = tuple([header for header in headers if header[0] in _READ])
        if monotonic() > self._until:
            self._kept.clear()
            self._until = monotonic() + _SECONDS
        return self._kept.get(matter) or self._read(matter)

    def _read(self, matter: tuple[Header, ...]) -> Head:
        head = Head(matter)
        if sum(len(value) for _, value in matter) <= _LONGEST_KEPT:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[matter] = head
        return head


_NONE: list[str] = []
_ABSENT: list[None] = [None]


def _announced(content_length: str | None) -> int | None:
    usual = content_length is not None and content_length.isdecimal() and len(content_length) <= _MOST_DIGITS
    return int(content_length) if content_length is not None and usual else None


def _bearer(authorization: list[str]) -> Bearer | None:
    if len(authorization) != 1 or not authorization[0].startswith(_BEARER):
        return None
    return Bearer.of(authorization[0][len(_BEARER) :])
