"""The coarse limit: how many requests a client address may send in a minute, whatever they ask for.

It counts in this process alone and knows no principals; what operations cost is the budgets' affair.
"""

import os
import time
import warnings
from collections import OrderedDict
from dataclasses import dataclass, field
from math import ceil
from typing import Final

import orjson
from limits import RateLimitItemPerMinute
from limits.strategies import RateLimiter
from slowapi import Limiter
from starlette.types import ASGIApp, Receive, Scope, Send

from app.addresses import client_of
from app.exchange import address_of, exchange_of
from security.errors import ErrorCode

EXEMPT: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses that watchers of the gateway ask, whoever else asks much from where they are."""

_LOTS: Final = 50
_MOST: Final = 10_000
"""Client addresses whose last requests are counted here; who is forgotten gains less than one lot of requests."""
_LEAST_WAIT: Final = 0.1
_WINDOW: Final = 60.0


class AddressLimit:
    """An ASGI application that refuses what a client address sends too much of, before anything else looks at it."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._counts = Counts(per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 429, or let the application answer."""
        wait = 0 if scope["path"] in EXEMPT else self._counts.wait(address_of(scope))
        if wait:
            exchange_of(scope).code = ErrorCode.THROTTLED
            await _refuse(send, wait)
        else:
            await self._app(scope, receive, send)


@dataclass
class _Count:
    """Requests of a client that slowapi's limiter has not been told of, and until when all are refused."""

    untold: int = 0
    refused_until: float = 0.0


@dataclass
class Counts:
    """How many requests each client has sent.

    slowapi's limiter takes some twenty microseconds and a thread now and then, so it is told of requests in lots, of
    which there are at most 50 a minute: a request within one costs a look into a table.
    """

    per_minute: int
    _clients: OrderedDict[str, _Count] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._limiter = _limiter()
        self._lot = -(-self.per_minute // _LOTS)
        self._lots = RateLimitItemPerMinute(self.per_minute // self._lot)

    def wait(self, address: str | None) -> int:
        """Count a request, and return in how many seconds the client may send it; 0 for now."""
        if address is None:
            return 0
        client = client_of(address)
        count = self._of(client)
        count.untold += 1
        if count.untold < self._lot and not count.refused_until:
            return 0
        return self._told(client, count)

    def _told(self, client: str, count: _Count) -> int:
        now = time.monotonic()
        if now < count.refused_until:
            return ceil(count.refused_until - now)
        count.untold, count.refused_until = 0, 0.0
        if self._limiter.hit(self._lots, client):
            return 0
        freed = self._limiter.get_window_stats(self._lots, client).reset_time - time.time()
        if freed > _WINDOW + 1:
            # The clock, by which the limiter counts, was set back: the client would be refused until it is there again.
            self._limiter.clear(self._lots, client)
            return 0
        count.refused_until = now + max(freed, _LEAST_WAIT)
        return ceil(count.refused_until - now)

    def _of(self, client: str) -> _Count:
        found = self._clients.get(client)
        if found is None:
            found = self._clients[client] = _Count()
            if len(self._clients) > _MOST:
                self._clients.popitem(last=False)
        else:
            self._clients.move_to_end(client)
        return found


def _limiter() -> RateLimiter:
    """Return slowapi's limiter, which keeps its counts in this process."""
    with warnings.catch_warnings():
        # It would read settings of its own from the working directory's `.env`; told of another file, it warns.
        warnings.simplefilter("ignore")
        made = Limiter(_nobody, strategy="moving-window", storage_uri="memory://", config_filename=os.devnull)
    return made.limiter


def _nobody() -> str:
    """Stand for slowapi's own way of telling clients apart, which is not used."""
    return ""


async def _refuse(send: Send, wait: int) -> None:
    message = f"Too many requests come from your network address: try again in {wait} s."
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": ErrorCode.THROTTLED}}]})
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % wait),
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": body})
