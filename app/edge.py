"""What surrounds every request: its id, its line in the log, headers of every response, and the net under faults."""

import asyncio
import secrets
from collections.abc import Iterable
from time import perf_counter
from typing import Any, Final

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs
from app.exchange import Defaults, Exchange, Header
from security.errors import ErrorCode

GONE: Final = "the client went away"
"""What a request's task is cancelled with when there is nobody left to answer."""

_LOG: Final = structlog.stdlib.get_logger("app.request")
_MAX_PATH: Final = 200
_CLIENT_CLOSED: Final = 499  # as proxies log it; nobody receives it

# What a response says of itself unless its route says something else.
_DEFAULT_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, *, access_log: bool, more_headers: Iterable[Header] = ()) -> None:
        """Surround an application; `more_headers` are told in every response."""
        self._app = app
        self._access_log = access_log
        self._defaults = Defaults((*_DEFAULT_HEADERS, *more_headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request through the inner application, and whatever happens there, answer it."""
        exchange = Exchange(scope, send, self._defaults)
        logs.REQUEST_ID.set(exchange.request_id)
        begin = perf_counter()
        try:
            await self._app(scope, receive, exchange)
        except asyncio.CancelledError as error:
            await _cut_off(exchange, is_gone=error.args == (GONE,))
        except Exception as error:  # noqa: BLE001 - the net under everything else
            await _fail(exchange, error)
        finally:
            if self._access_log:
                _log_access(scope, exchange, perf_counter() - begin)


async def _fail(exchange: Exchange, error: Exception) -> None:
    """Log a fault of the gateway under an id, and tell the client the id and nothing else."""
    fault = secrets.token_hex(8)
    _LOG.error("fault", fault=fault, exc_info=error)
    message = "Something went wrong in the gateway. Its log has this error under the id given here."
    await _answer(exchange, 500, message, {"code": ErrorCode.INTERNAL, "id": fault})


async def _cut_off(exchange: Exchange, *, is_gone: bool) -> None:
    """End a request that was cancelled: by its client, or because the gateway stops."""
    if is_gone:
        exchange.status = _CLIENT_CLOSED
    else:
        await _answer(exchange, 503, "The gateway is stopping: try again.", {"code": ErrorCode.UNAVAILABLE})


async def _answer(exchange: Exchange, status: int, message: str, extensions: dict[str, Any]) -> None:
    if exchange.status:
        # A part of another answer is out already; the server closes the connection on it.
        return
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await exchange({"type": "http.response.start", "status": status, "headers": headers})
    await exchange({"type": "http.response.body", "body": body})


def _log_access(scope: Scope, exchange: Exchange, seconds: float) -> None:
    line: dict[str, Any] = {
        "method": scope["method"],
        "path": scope["path"][:_MAX_PATH],
        "status": exchange.status or _CLIENT_CLOSED,
        "ms": round(seconds * 1000, 1),
    }
    exchange.add_to(line)
    logs.note_request(line)
