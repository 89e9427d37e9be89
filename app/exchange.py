"""One request and its response: what is noted of it for the log, and how its answer goes out."""

import itertools
import re
import secrets
from collections.abc import Iterable
from typing import Final, Protocol

from starlette.types import Message, Scope, Send

OPERATION_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")

_EXCHANGE: Final = "cienty.exchange"
WIRE: Final = "cienty.wire"
"""Where a scope has the `Wire` that its request came on."""
NOTES: Final = "cienty.notes"
"""Where a scope has what was noted of its head, by whoever read it, if requests with the same head share one."""
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_PROCESS: Final = secrets.token_hex(4)
_NUMBERS: Final = itertools.count(1)

Header = tuple[bytes, bytes]


class Wire(Protocol):
    """The connection that a request came on, as far as it knows more than ASGI tells."""

    @property
    def body(self) -> bytes | None:
        """The request's body, where it has come whole: there is nothing to wait for."""
        ...

    def write(self, status: int, head: bytes, body: bytes) -> bool:
        """Write a whole response at once; False where that can't be done now, and nothing is written.

        `head` are lines of headers that say the body's length and nothing of the connection.
        """
        ...


class HeaderSet:
    """Headers that many responses have."""

    __slots__ = ("lines",)

    def __init__(self, *lines: Header) -> None:
        self.lines = lines


class Defaults:
    """Headers that every response has, but for those of which it has others under the same names."""

    def __init__(self, headers: Iterable[Header]) -> None:
        self._headers = tuple(headers)
        self._written: dict[HeaderSet, bytes] = {}

    def beside(self, headers: Iterable[Header]) -> list[Header]:
        """Return those that a response with these headers does not have."""
        names = {name for name, _ in headers}
        return [header for header in self._headers if header[0] not in names]

    def written_with(self, headers: HeaderSet) -> bytes:
        """Return the lines of a set that stands in the code, and of the defaults beside it."""
        found = self._written.get(headers)
        if found is None:
            found = self._written[headers] = written([*headers.lines, *self.beside(headers.lines)])
        return found


class Exchange:
    """A request that is being answered, which its application notes things of and sends the response by.

    What is noted is for the log: no value of an argument or a row is among it.
    """

    __slots__ = (
        "_defaults",
        "_send",
        "_wire",
        "actor",
        "code",
        "operation",
        "reason",
        "request_id",
        "status",
        "subject",
    )

    def __init__(self, scope: Scope, send: Send, defaults: Defaults) -> None:
        scope[_EXCHANGE] = self
        self.request_id = _request_id(scope)
        self.status = 0
        self.subject: str | None = None
        self.actor: str | None = None
        self.operation: str | None = None
        self.code: str | None = None
        self.reason: str | None = None
        self._wire: Wire | None = scope.get(WIRE)
        self._send = send
        self._defaults = defaults

    @property
    def body(self) -> bytes | None:
        """The request's body, where it has come whole: there is nothing to wait for. None: ask for its parts."""
        return None if self._wire is None else self._wire.body

    def add_to(self, line: dict[str, object]) -> None:
        """Write down what was noted."""
        if self.subject:
            line["subject"] = self.subject
        if self.actor:
            line["actor"] = self.actor
        if self.operation:
            line["operation"] = self.operation if OPERATION_NAME.fullmatch(self.operation) else "(no name)"
        if self.code:
            line["code"] = self.code
        if self.reason:
            line["reason"] = self.reason

    async def __call__(self, message: Message) -> None:
        """Send a part of the response, as ASGI has it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            own = (b"x-request-id", self.request_id.encode())
            message = {**message, "headers": [*headers, own, *self._defaults.beside(headers)]}
        await self._send(message)

    def write(self, status: int, headers: HeaderSet, more: Iterable[Header], body: bytes) -> bool:
        """Write a whole response at once; False where it must be sent instead.

        What is in `more` must have no line ends: it is written as it is.
        """
        if self._wire is None:
            return False
        own = b"content-length: %d\r\nx-request-id: %b\r\n" % (len(body), self.request_id.encode())
        is_written = self._wire.write(status, self._defaults.written_with(headers) + own + written(more), body)
        if is_written:
            self.status = status
        return is_written


def written(headers: Iterable[Header]) -> bytes:
    """Return lines of headers."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def exchange_of(scope: Scope) -> Exchange:
    """Return the exchange that a request is part of, to note things of it."""
    found: Exchange | None = scope.get(_EXCHANGE)
    return found or Exchange(scope, _nowhere, Defaults(()))


async def _nowhere(_message: Message) -> None:
    """Stand for the way of a response that nobody sends by the exchange."""


def address_of(scope: Scope) -> str | None:
    """Return the network address that the request came from; a trusted proxy's word for it where there is one."""
    client = scope.get("client")
    return client[0] if client else None


def _request_id(scope: Scope) -> str:
    """Return the id that the client gave, where it is one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            return given if _REQUEST_ID.fullmatch(given) else _new_id()
    return _new_id()


def _new_id() -> str:
    """Return an id that no other request of any process has; it need not be hard to guess."""
    return f"{_PROCESS}{next(_NUMBERS):08x}"
