"""What surrounds every request: its id, its line in the log, headers of every response, and the net under faults."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from security.errors import ErrorCode

GONE: Final = "the client went away"
"""What a request's task is cancelled with when there is nobody left to answer."""

_LOG: Final = structlog.stdlib.get_logger("app.request")
_FACTS: Final = "cienty.facts"
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_OPERATION_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
_MAX_PATH: Final = 200
_CLIENT_CLOSED: Final = 499  # as proxies log it; nobody receives it

# What a response says of itself unless its route says something else.
_DEFAULT_HEADERS: Final = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


@dataclass
class RequestFacts:
    """What the log may say of a request; no value of an argument or a row is among it."""

    subject: str | None = None
    operation: str | None = None
    operation_type: str | None = None
    code: str | None = None
    reason: str | None = None

    def known(self) -> dict[str, str]:
        """Return what is known, safe to write down."""
        facts = {name: value for name, value in vars(self).items() if value}
        if self.operation and not _OPERATION_NAME.fullmatch(self.operation):
            facts["operation"] = "(no name)"
        return facts


def facts_of(scope: Scope) -> RequestFacts:
    """Return what is noted of the request so far, to note more."""
    facts: RequestFacts = scope.setdefault(_FACTS, RequestFacts())
    return facts


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, access_log: bool) -> None:
        self._app = app
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request through the inner application, and whatever happens there, answer it."""
        exchange = _Exchange(send, _request_id(scope))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.request_id)
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

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            named = {name for name, _ in headers}
            defaults = [header for header in _DEFAULT_HEADERS.items() if header[0] not in named]
            own = (b"x-request-id", self.request_id.encode())
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


def _request_id(scope: Scope) -> str:
    """Return the id that the client gave, where it is one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    return secrets.token_hex(8)


def _log_access(scope: Scope, status: int, seconds: float) -> None:
    _LOG.info(
        "request",
        method=scope["method"],
        path=scope["path"][:_MAX_PATH],
        status=status or _CLIENT_CLOSED,
        ms=round(seconds * 1000, 1),
        **facts_of(scope).known(),
    )
