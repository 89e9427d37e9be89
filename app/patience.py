"""Patience: for how long a connection waits for its client."""

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


@dataclass(frozen=True)
class ConnectionLimits:
    """What one connection may take of the server, in bytes and seconds."""

    head_bytes: int
    head_count: int
    receive_seconds: float
    send_seconds: float
    # Of pages that may open WebSockets, beside those of the gateway itself.
    origins: frozenset[bytes] = frozenset()


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the timers that it lacks, and one for idleness that is not made for each response."""

    limits: ConnectionLimits

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._send_check: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self._expect(None)
        for timer in (self._send_check, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    # Something is to come.

    def _expect(self, message: str | None) -> None:
        """Close the connection with this message unless what it waits for comes in time; None: nothing is awaited."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if message is not None:
            self._deadline = self.loop.call_later(self.limits.receive_seconds, self._end_of_wait, message)

    def _end_of_wait(self, message: str) -> None:
        self._deadline = None
        self._too_late(message)

    def _too_late(self, message: str) -> None:
        """End the connection, without the message: nothing of a request came, or its answer went out already."""
        del message
        self.transport.close()

    # Nothing comes after a response.

    def _look_for_idleness(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection where nothing has come since its last response; the next one has it looked at again."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_for_idleness(left)
        elif not self.transport.is_closing():
            self.transport.close()

    # What was sent is not taken.

    def pause_writing(self) -> None:
        """Look from now on whether what was sent is taken."""
        super().pause_writing()
        self._watch_sending(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Look no more."""
        super().resume_writing()
        if self._send_check is not None:
            self._send_check.cancel()
            self._send_check = None

    def _watch_sending(self, before: int) -> None:
        def check() -> None:
            waiting = self.transport.get_write_buffer_size()
            if waiting >= before:
                self.transport.abort()
            else:
                self._watch_sending(waiting)

        self._send_check = self.loop.call_later(self.limits.send_seconds, check)
