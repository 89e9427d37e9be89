"""What surrounds every request: its id, its line in the log, headers of every response, and the net under faults."""

import asyncio
import itertools
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from time import perf_counter
from typing import Any, Final

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs
from security.errors import ErrorCode

GONE: Final = "the client went away"
"""What a request's task is cancelled with when there is nobody left to answer."""

_LOG: Final = structlog.stdlib.get_logger("app.request")
_FACTS: Final = "cienty.facts"
_REQUEST: Final = "cienty.request"
_BODY: Final = "cienty.body"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
OPERATION_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_MAX_PATH: Final = 200
_PROCESS: Final = secrets.token_hex(4)
_NUMBERS: Final = itertools.count(1)
_CLIENT_CLOSED: Final = 499  # as proxies log it; nobody receives it

Header = tuple[bytes, bytes]

# What a response says of itself unless its route says something else.
_DEFAULT_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


@dataclass(slots=True)
class RequestFacts:
    """What the log may say of a request; no value of an argument or a row is among it."""

    subject: str | None = None
    actor: str | None = None
    operation: str | None = None
    operation_type: str | None = None
    code: str | None = None
    reason: str | None = None

    def known(self) -> dict[str, str]:
        """Return what is known, safe to write down."""
        facts = {name: value for name in _FACT_NAMES if (value := getattr(self, name))}
        if self.operation and not OPERATION_NAME.fullmatch(self.operation):
            facts["operation"] = "(no name)"
        return facts


_FACT_NAMES: Final = tuple(field.name for field in fields(RequestFacts))


def facts_of(scope: Scope) -> RequestFacts:
    """Return what is noted of the request so far, to note more."""
    facts: RequestFacts | None = scope.get(_FACTS)
    if facts is None:
        facts = scope[_FACTS] = RequestFacts()
    return facts


def request_id_of(scope: Scope) -> str | None:
    """Return the request's id, which its response tells."""
    found: str | None = scope.get(_REQUEST)
    return found


def note_body(scope: Scope, body: bytes) -> None:
    """Note the body of a request that has come whole before anybody asked for it."""
    scope[_BODY] = body


def whole_body_of(scope: Scope) -> bytes | None:
    """Return the body, where it has come whole: there is nothing to wait for. None: ask for its parts."""
    found: bytes | None = scope.get(_BODY)
    return found


def address_of(scope: Scope) -> str | None:
    """Return the network address that the request came from; a trusted proxy's word for it where there is one."""
    client = scope.get("client")
    return client[0] if client else None


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, access_log: bool, more_headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Surround an application; `more_headers` are told in every response."""
        self._app = app
        self._access_log = access_log
        self._headers = (*_DEFAULT_HEADERS.items(), *more_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request through the inner application, and whatever happens there, answer it."""
        exchange = _Exchange(send, _request_id(scope), self._headers)
        scope[_REQUEST] = exchange.request_id
        logs.REQUEST_ID.set(exchange.request_id)
        begin = perf_counter()
        try:
            await self._app(scope, receive, exchange.send)
        except asyncio.CancelledError as error:
            await exchange.cut_off(is_gone=error.args == (GONE,))
        except Exception as error:  # noqa: BLE001 - the net under everything else
            await exchange.fail(error)
        finally:
            if self._access_log:
                _log_access(scope, exchange.status, perf_counter() - begin)


class _Exchange:
    """One response as it is sent."""

    def __init__(self, send: Send, request_id: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self._headers = headers
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            own = (b"x-request-id", self.request_id.encode())
            defaults = _missing(self._headers, tuple([name for name, _ in headers]))
            message = {**message, "headers": [*headers, own, *defaults]}
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Log a fault of the gateway under an id, and tell the client the id and nothing else."""
        fault = secrets.token_hex(8)
        _LOG.error("fault", fault=fault, exc_info=error)
        message = "Something went wrong in the gateway. Its log has this error under the id given here."
        await self._answer(500, message, {"code": ErrorCode.INTERNAL, "id": fault})

    async def cut_off(self, *, is_gone: bool) -> None:
        """End a request that was cancelled: by its client, or because the gateway stops."""
        if is_gone:
            self.status = _CLIENT_CLOSED
        else:
            await self._answer(503, "The gateway is stopping: try again.", {"code": ErrorCode.UNAVAILABLE})

    async def _answer(self, status: int, message: str, extensions: dict[str, Any]) -> None:
        if self.status:
            # A part of another answer is out already; the server closes the connection on it.
            return
        body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
        headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


@lru_cache(maxsize=256)
def _missing(defaults: tuple[Header, ...], named: tuple[bytes, ...]) -> tuple[Header, ...]:
    """Return those default headers that a response with headers of these names does not have."""
    return tuple(header for header in defaults if header[0] not in named)


def _request_id(scope: Scope) -> str:
    """Return the id that the client gave, where it is one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _REQUEST_ID.fullmatch(given) else _new_id()
    return _new_id()


def _new_id() -> str:
    """Return an id that no other request of any process has; it need not be hard to guess."""
    return f"{_PROCESS}{next(_NUMBERS):08x}"


def _log_access(scope: Scope, status: int, seconds: float) -> None:
    logs.note_request(
        {
            "method": scope["method"],
            "path": scope["path"][:_MAX_PATH],
            "status": status or _CLIENT_CLOSED,
            "ms": round(seconds * 1000, 1),
            **facts_of(scope).known(),
        }
    )
