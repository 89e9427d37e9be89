"""Answers on their way out: one that is whole is written at once.

uvicorn looks at each header by two regular expressions and writes the head apart from the body, which takes as long as
planning an operation does.
"""

from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.edge import note_body

_LENGTH: Final = b"content-length"
_WITHOUT_BODY: Final = frozenset({204, 304})


class Answering:
    """Runs the application for one request, and passes on what it sends."""

    __slots__ = ("_app", "_cycle", "_start")

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._start: Message | None = None

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the cycle's own is used
        """Answer the request, as an ASGI application."""
        cycle = self._cycle
        if not cycle.more_body:
            note_body(scope, bytes(cycle.body))
        await self._app(scope, receive, self._send)

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
        if not self._write(start, message):
            await self._pass(start)
            await self._pass(message)

    async def _pass(self, message: Any) -> None:
        await self._cycle.send(message)

    def _write(self, start: Message, message: Message) -> bool:
        """Write a whole answer; False where it is none, or has to wait, and nothing is written."""
        cycle = self._cycle
        status, body = start["status"], message.get("body", b"")
        if message.get("more_body") or cycle.flow.write_paused or cycle.response_started or cycle.disconnected:
            return False
        headers = [*cycle.default_headers, *start["headers"]]
        is_sized = (_LENGTH, b"%d" % len(body)) in headers
        if not is_sized or status in _WITHOUT_BODY or cycle.scope["method"] == "HEAD" or not _are_sane(headers):
            return False
        end = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        cycle.transport.write(b"".join((STATUS_LINE[status], head, end, body)))
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


def _are_sane(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether headers are what they seem; the others are uvicorn's to refuse, and `connection` its to follow."""
    text = b"\n".join([part for header in headers for part in header])
    is_clean = text.count(b"\n") == 2 * len(headers) - 1 and b"\r" not in text and b"\0" not in text
    return is_clean and not any(name == b"connection" for name, _ in headers)
