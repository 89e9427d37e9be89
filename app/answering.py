"""Answers on their way out: one that is whole is written at once.

uvicorn looks at each header by two regular expressions and writes the head apart from the body, which takes as long as
planning an operation does.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast

from starlette.types import ASGIApp, Message
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.exchange import WIRE, Header, written

_LENGTH: Final = b"content-length"
_WITHOUT_BODY: Final = frozenset({204, 304})


class Answering:
    """Runs the application for one request, and passes on what it sends; it is the `Wire` of that request."""

    __slots__ = ("_app", "_cycle", "_start")

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._start: Message | None = None

    async def run(self, tasks: "set[asyncio.Task[None]]") -> None:
        """Answer the request in a task of its own, which is one of the tasks until it has."""
        # uvicorn's types of messages are not Starlette's.
        cycle: Any = self._cycle
        cycle.scope[WIRE] = self
        try:
            await self._app(cycle.scope, cycle.receive, self._send)
        finally:
            if not cycle.response_complete and not cycle.disconnected:
                # Its client must not take what it has for all of it, or wait for more.
                cycle.transport.close()
            # It would hold the connection, which holds it.
            cycle.on_response = _nothing
            # Here, because a callback of the task is a turn of the event loop more.
            tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    @property
    def body(self) -> bytes | None:
        """The request's body, where it has come whole."""
        return None if self._cycle.more_body else bytes(self._cycle.body)

    def write(self, status: int, head: bytes, body: bytes) -> bool:
        """Write a whole response, whose head is known to be sane; False where it has to wait or has no body."""
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.response_started or cycle.disconnected:
            return False
        if status in _WITHOUT_BODY or cycle.scope["method"] == "HEAD":
            return False
        start = STATUS_LINE[status] + _date(cycle.default_headers)
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        cycle.transport.write(b"".join((start, head, end, body)))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True

    async def _send(self, message: Message) -> None:
        start = self._start
        if start is None:
            if message["type"] == "http.response.start":
                # With its body, most often, which follows at once.
                self._start = message
                return
            await self._pass(message)
            return
        self._start = None
        if not self._write_both(start, message):
            await self._pass(start)
            await self._pass(message)

    async def _pass(self, message: Any) -> None:
        await self._cycle.send(message)

    def _write_both(self, start: Message, message: Message) -> bool:
        """Write a whole answer; False where it is none, and nothing is written."""
        body, headers = message.get("body", b""), start["headers"]
        is_whole = not message.get("more_body") and (_LENGTH, b"%d" % len(body)) in headers
        return is_whole and _are_sane(headers) and self.write(start["status"], written(headers), body)


class _Dates:
    """Writes the headers that uvicorn adds to every response, the date most of all, once in each second."""

    __slots__ = ("_headers", "_text")

    def __init__(self) -> None:
        self._headers: Sequence[Header] = ()
        self._text = b""

    def __call__(self, headers: Sequence[Header]) -> bytes:
        """Return the lines."""
        if headers is not self._headers:
            self._headers, self._text = headers, written(headers)
        return self._text


_date = _Dates()


def _nothing() -> None:
    """Stand for what was to be done after the response."""


def _are_sane(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether headers are what they seem; the others are uvicorn's to refuse, and `connection` its to follow."""
    text = b"\n".join([part for header in headers for part in header])
    is_clean = text.count(b"\n") == 2 * len(headers) - 1 and b"\r" not in text and b"\0" not in text
    return is_clean and not any(name == b"connection" for name, _ in headers)
