"""Heads that came before: a client sends the same one with most of its requests, which then is not parsed again.

A request is only taken by its bytes where all of it is there: its head is one that was parsed, byte by byte, and behind
that stands as much as its Content-Length says and nothing else. Where a message begins and ends is thereby what the
parser found, and never a second opinion of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from app.exchange import NOTES, Header

_END: Final = b"\r\n\r\n"
_PASSING: Final = frozenset(
    {b"expect", b"traceparent", b"tracestate", b"transfer-encoding", b"upgrade", b"x-request-id"}
)
"""What makes a head another one with each request, or says more of its message than how long that is."""
_OF_CONNECTION: Final = frozenset({"client", "scheme", "server", "state"})
_MOST_KEPT: Final = 1024
_LONGEST_KEPT: Final = 4096
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head of `head_bytes`, after which `body_bytes` follow; `scope` is what of its ASGI scope does not change."""

    head_bytes: int
    body_bytes: int
    headers: tuple[Header, ...]
    scope: Mapping[str, Any]


class KnownHeads:
    """Keeps the last heads of all connections of a server.

    Tokens are among them: all are forgotten after a minute, as what was verified is.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, KnownHead] = {}
        self._until = 0.0

    def find(self, data: bytes) -> KnownHead | None:
        """Return the head of a request that is whole, and all of the data; None where it must be parsed."""
        known = self._kept.get(data[: data.find(_END) + len(_END)])
        if known is None or known.head_bytes + known.body_bytes != len(data) or monotonic() > self._until:
            return None
        return known

    def keep(self, data: bytes, scope: Mapping[str, Any]) -> None:
        """Keep the head of a request that was parsed, of which the data is all, unless it is a peculiar one.

        Never call it with data in which a second message begins: the first one's head would stand for its scope.
        """
        if data.startswith((b"\r", b"\n")):
            # The ends of lines before a head are none of it.
            return
        head_bytes = data.find(_END) + len(_END)
        if not len(_END) <= head_bytes <= _LONGEST_KEPT:
            return
        headers = tuple(scope["headers"])
        body_bytes = len(data) - head_bytes
        lengths = [value for name, value in headers if name == b"content-length"]
        if (lengths or [b"0"]) != [b"%d" % body_bytes] or any(name in _PASSING for name, _ in headers):
            return
        if len(self._kept) >= _MOST_KEPT or monotonic() > self._until:
            self._kept.clear()
            self._until = monotonic() + _SECONDS
        own = {name: value for name, value in scope.items() if name not in _OF_CONNECTION}
        self._kept[data[:head_bytes]] = KnownHead(head_bytes, body_bytes, headers, {**own, NOTES: {}})
