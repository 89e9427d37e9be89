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
    """The values of the headers that matter, in their order; names are lower-case bytes."""

    __slots__ = ("_values",)

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[str]] = {}
        for name, value in headers:
            if name in _READ:
                self._values.setdefault(name, []).append(value.decode("latin-1"))

    def all(self, name: bytes) -> list[str]:
        """Return every value of a header, of one that several lines have each of them."""
        return self._values.get(name, [])

    def first(self, name: bytes) -> str | None:
        """Return a header's first value."""
        values = self._values.get(name)
        return values[0] if values else None

    @property
    def accept(self) -> str | None:
        """What the client takes; several lines are one list (RFC 9110, 5.3)."""
        return ",".join(self.all(b"accept")) or None
