"""What the supervision asks of an embedded server."""

from collections.abc import Iterator
from typing import Protocol

from app.embedded.process import Child


class Server(Protocol):
    """A server program of which at most one process is meant to run."""

    name: str
    port: int
    child: Child | None

    def starting(self, *, may_move: bool) -> Iterator[float]:
        """Start it and go on until it serves, yielding pauses to wait; StartError when it cannot.

        With `may_move` a port that is taken is replaced by another one.
        """

    def stopping(self) -> Iterator[float]:
        """End it in its cleanest way within limits, yielding pauses to wait; harmless when it is not running."""

    def reason(self) -> str:
        """Return the last thing its log says about why it ended."""
