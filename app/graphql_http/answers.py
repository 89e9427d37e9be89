"""Responses of the GraphQL endpoint: a body in the negotiated media type, and what caches may do with it (nothing)."""

from collections.abc import Sequence
from typing import Final

import orjson
from starlette.types import Send

from app.exchange import Exchange, HeaderSet
from app.graphql_http.authentication import challenge
from app.graphql_http.errors import HttpRefusal
from app.graphql_http.negotiation import MediaType
from security.errors import GatewayError, Unauthenticated

Header = tuple[bytes, bytes]
Refusal = GatewayError | HttpRefusal

_CLOSE: Final = (b"connection", b"close")
_SERVER_FAULT: Final = 500
_THROTTLED: Final = 429


def _headers_of(media_type: MediaType) -> HeaderSet:
    return HeaderSet(
        (b"content-type", f"{media_type.value}; charset=utf-8".encode()),
        (b"cache-control", b"private, no-store"),
        (b"vary", b"Accept, Authorization"),
    )


_GRAPHQL: Final = _headers_of(MediaType.GRAPHQL)
_JSON: Final = _headers_of(MediaType.JSON)


async def send(reply: Send, body: bytes, *, status: int, media_type: MediaType, more: Sequence[Header] = ()) -> None:
    """Send a whole response; `more` are headers without line ends."""
    usual = _GRAPHQL if media_type is MediaType.GRAPHQL else _JSON
    # What is said of the connection must be done to it, too, which only sending does.
    if isinstance(reply, Exchange) and _CLOSE not in more and reply.write(status, usual, more, body):
        return
    headers = [*usual.lines, (b"content-length", str(len(body)).encode()), *more]
    await reply({"type": "http.response.start", "status": status, "headers": headers})
    await reply({"type": "http.response.body", "body": body})


async def send_refusal(reply: Send, refusal: Refusal, *, media_type: MediaType) -> None:
    """Send what a refusal says, with its status."""
    body = orjson.dumps({"errors": [{"message": refusal.message, "extensions": refusal.extensions}]})
    await send(reply, body, status=refusal.status, media_type=media_type, more=_headers(refusal))


def status_for(status: int, media_type: MediaType) -> int:
    """Return the status under the media type.

    `application/json` says 200 whatever is wrong with an operation, so that its clients can tell the gateway's
    answers from those of what stands between (GraphQL over HTTP, "application/json"). That the gateway itself is at
    fault, or that the client is to wait, is said in either.
    """
    return status if media_type is MediaType.GRAPHQL or status >= _SERVER_FAULT or status == _THROTTLED else 200


def _headers(refusal: Refusal) -> list[Header]:
    if isinstance(refusal, Unauthenticated):
        return [(b"www-authenticate", challenge(refusal).encode())]
    if isinstance(refusal, HttpRefusal):
        return refusal.headers
    return [] if refusal.retry_after is None else [(b"retry-after", b"%d" % refusal.retry_after)]
