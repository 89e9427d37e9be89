"""The head of a request: of its headers those that say how it is to be read and answered, found in one pass."""

from collections.abc import Iterable
from typing import Final

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


class Head:
    """The values of the headers that matter; of those that several lines may have, each of them in their order."""

    __slots__ = ("accept", "authorization", "content_encoding", "content_length", "content_type", "cost", "explain")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Read headers, whose names are lower-case bytes."""
        found: dict[bytes, list[str]] = {}
        for name, value in headers:
            if name in _READ:
                found.setdefault(name, []).append(value.decode("latin-1"))
        read = found.get
        # Several lines are one list (RFC 9110, 5.3).
        self.accept = ",".join(read(b"accept", _NONE)) or None
        self.authorization = read(b"authorization", _NONE)
        self.content_encoding = read(b"content-encoding", _ABSENT)[0]
        self.content_length = read(b"content-length", _ABSENT)[0]
        self.content_type = read(b"content-type", _NONE)
        self.cost = read(b"graphql-cost", _ABSENT)[0]
        self.explain = read(b"graphql-explain", _ABSENT)[0]


_NONE: list[str] = []
_ABSENT: list[None] = [None]
