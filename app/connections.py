"""Connections: uvicorn's HTTP protocol with the limits that it lacks.

By itself it takes heads of any size, waits for them without end, and keeps an operation running whose client has
left. Message framing (Content-Length against Transfer-Encoding, bare line feeds, folded headers) is httptools'.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import httptools
import orjson
import structlog
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.addresses import plain
from app.answering import Answering
from app.crowd import Crowd, Visit
from app.edge import GONE
from app.known_heads import KnownHeads
from app.offers import read_behind_offer
from app.patience import ConnectionLimits, PatientProtocol
from security.errors import ErrorCode

_LOG: Final = structlog.stdlib.get_logger("app.connection")
_REASONS: Final = {
    400: "Bad Request",
    403: "Forbidden",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_TOO_LARGE: Final = "The head of the request is too large."
_PIECE_BYTES: Final = 4096
"""What is parsed at once; a request has some 30 bytes at the least, and takes 3 KB when it waits for its turn."""
_CODES: Final = {403: ErrorCode.FORBIDDEN, 503: ErrorCode.UNAVAILABLE}


class _Refused(Exception):
    """Stops the parser; the status and the message are on the protocol."""


@dataclass(slots=True)
class _Head:
    """How much of a request's head has come."""

    is_open: bool = True
    fed: int = 0
    parsed: int = 0
    hosts: int = 0


class _Flow(FlowControl):
    """Has nothing read while requests wait for their turn, whoever asks for more: they would be any number."""

    def __init__(self, transport: asyncio.Transport, pipeline: Collection[object]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class _Come:
    """The event of a message that has come whole: set from the beginning, and made when somebody waits for more."""

    _event: asyncio.Event | None = None

    def set(self) -> None:
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        self._event = asyncio.Event()

    async def wait(self) -> None:
        if self._event is not None:
            await self._event.wait()


def limited_protocol(limits: ConnectionLimits, crowd: Crowd) -> type[asyncio.Protocol]:
    """Return the protocol class for one server, whose connections are counted in its crowd."""
    heads = KnownHeads()

    class Connection(_LimitedProtocol):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.limits = limits
            self.crowd = crowd
            self.known_heads = heads

    return Connection


class _LimitedProtocol(PatientProtocol):
    crowd: Crowd
    known_heads: KnownHeads

    def __init__(self, *arguments: Any, visit: Visit | None = None, **options: Any) -> None:
        """Make one of uvicorn's; with a `visit` it was counted already."""
        super().__init__(*arguments, **options)
        self._head = _Head()
        self._is_between = True
        self._begun = 0
        self._waiting = b""
        self._visit = visit
        self._refusal = (400, "This is no HTTP request that can be read.")
        self._running: asyncio.Task[None] | None = None

    # A connection begins and ends.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn's own
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        if self.client is not None:
            self.client = plain(self.client[0]), self.client[1]
        self._visit = self._visit or self.crowd.enter(self.client[0] if self.client else None)
        if self._visit.is_one_too_many:
            self._refuse(503, "There are too many connections from your address: close some.")
            return
        self._expect("The request took too long to arrive.")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._visit is not None:
            self._visit.end()
        is_unanswered = self._is_answering
        super().connection_lost(exc)
        if is_unanswered and self._running is not None:
            # It may not have begun, and then never will.
            self._running.add_done_callback(self.tasks.discard)
            self._running.cancel(GONE)

    # A head arrives.

    def data_received(self, data: bytes) -> None:
        self._idle_since = None
        # The parser stands between two messages, and nothing is being answered.
        if self._is_between and not self._is_answering and self._take(data):
            return
        was_between, begun = self._is_between, self._begun
        self._parse(self._waiting + data)
        if was_between and self._is_between and self._begun == begun + 1 and self.cycle.keep_alive:
            # One message began with the data and ended with it: the head in it is that of the scope.
            self.known_heads.keep(data, self.cycle.scope)

    def _parse(self, data: bytes) -> None:
        """Parse a piece at a time: behind a request that waits for its turn all else waits unparsed, in less room."""
        at = 0
        while at < len(data) and not self.pipeline and not self.transport.is_closing():
            self._parse_piece(data[at : at + _PIECE_BYTES])
            at += _PIECE_BYTES
        self._waiting = data[at:]

    def _parse_piece(self, data: bytes) -> None:
        if self._head.is_open:
            self._head.fed += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(*self._refusal)
        if self._head.is_open and not self.transport.is_closing():
            if self._head.fed > self.limits.head_bytes:
                self._refuse(431, _TOO_LARGE)
            elif self._deadline is None and self._head.fed:
                self._expect("The request took too long to arrive.")

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                read_behind_offer(self)
            else:
                return

    def _take(self, data: bytes) -> bool:
        """Answer a request that is whole and whose head is known; False where it must be parsed."""
        most = self.limit_concurrency
        if most is not None and (len(self.connections) >= most or len(self.tasks) >= most):
            return False
        known = self.known_heads.find(data)
        if known is None:
            return False
        if self._deadline is not None:
            self._expect(None)
        # Of ends of lines that came before the head.
        self._head.fed = 0
        self.headers = [*known.headers]
        of_connection = {"client": self.client, "scheme": self.scheme, "server": self.server}
        scope: Any = {**known.scope, **of_connection, "headers": self.headers, "state": self.app_state.copy()}
        self.cycle = cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=_Come(),  # type: ignore[arg-type]  # what uvicorn asks of an event it does
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )
        cycle.body += memoryview(data)[known.head_bytes :]
        cycle.more_body = False
        self._start_asgi_task(cycle, self.app)
        return True

    def on_message_begin(self) -> None:
        self._is_between = False
        self._begun += 1
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head.parsed += len(url)
        if self._head.parsed > self.limits.head_bytes:
            self._stop_parsing(431, _TOO_LARGE)
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; all that uvicorn's own method does, which is called for each, is done here."""
        head = self._head
        head.parsed += len(name) + len(value) + 4
        if head.parsed > self.limits.head_bytes:
            self._stop_parsing(431, _TOO_LARGE)
        if not head.is_open:
            # A trailer. It comes after the application has read the headers and must not add to them.
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        elif name == b"host":
            head.hosts += 1
        self.headers.append((name, value))
        if len(self.headers) > self.limits.head_count:
            self._stop_parsing(431, "The request has too many headers.")

    def on_headers_complete(self) -> None:
        self._head.is_open = False
        # The rest of a message before it may have come with it.
        self._idle_since = None
        if self._deadline is not None:
            self._expect(None)
        version = self.parser.get_http_version()
        if version not in {"1.0", "1.1"}:
            self._stop_parsing(400, "The request is of a version of HTTP that is not spoken here.")
        if version == "1.1" and self._head.hosts != 1:
            self._stop_parsing(400, "The request needs one Host header.")
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                self._stop_parsing(400, "There are no tunnels here.")
            if self._get_upgrade() == b"websocket":
                self._refuse_websocket()
        super().on_headers_complete()

    def _refuse_websocket(self) -> None:
        """Refuse a WebSocket: to a foreign page, whose browser would not ask before (RFC 6455, 10.2), by what it is."""
        headers = dict(self.headers)
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        if origin is not None and origin not in {b"http://" + host, b"https://" + host, *self.limits.origins}:
            self._stop_parsing(403, "Pages of this origin may not connect.")
        self._stop_parsing(400, "There are no WebSockets here: send operations by POST.")

    def _stop_parsing(self, status: int, message: str) -> None:
        self._refusal = (status, message)
        raise _Refused

    # A request is answered.

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request in a task of its own, which is noted to be cancelled."""
        self._running = task = self.loop.create_task(Answering(app, cycle).run(self.tasks))
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """Take up what was sent meanwhile, or wait for what comes next; as uvicorn does, but with few timers."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if not self.pipeline and self._waiting:
                self._parse(self._waiting)
        else:
            self._idle_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self._look_for_idleness(self.timeout_keep_alive)
            if self.cycle.more_body:
                # Answered before its body had come. Closing at once could destroy the answer on its way.
                self._expect("The rest of the request took too long to arrive.")
        if self.flow.read_paused and not self.transport.is_closing():
            self.flow.resume_reading()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            # Only its head is: see `read_behind_offer`.
            return
        cycle = self.cycle
        cycle.more_body = False
        cycle.message_event.set()
        if self._deadline is not None:
            self._expect(None)
        if cycle.response_complete and not self.transport.is_closing():
            # Answered before: what is awaited from now on is the next request.
            self._idle_since = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self._look_for_idleness(self.timeout_keep_alive)
        self._head = _Head()
        self._is_between = True

    @property
    def _is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    # A request is refused here.

    def _too_late(self, message: str) -> None:
        if self._head.is_open and self._head.fed:
            self._refuse(408, message)
        else:
            super()._too_late(message)

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        if self._is_answering and (self.cycle.response_started or not self.cycle.more_body):
            # The fault is in the request after the one that is being answered, or the answer has begun: what was
            # written now would be read as a part of that answer.
            self.transport.abort()
            return
        _LOG.info("refused", status=status, reason=message)
        code = _CODES.get(status, ErrorCode.BAD_USER_INPUT)
        body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
