"""Which pages of other origins may ask the gateway from a browser (CORS, Fetch standard): those configured, or none."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_SENT: Final = (
    "Authorization",
    "Content-Type",
    "GraphQL-Cost",
    "Idempotency-Key",
    "If-Match",
    "Traceparent",
    "X-Request-Id",
)
_READ: Final = ("ETag", "Link", "Retry-After", "WWW-Authenticate", "X-Request-Id")
_PREFLIGHT_SECONDS: Final = 600


def with_cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return the application for pages of these origins; as it is where there are none.

    Cookies are never allowed: a page sends its user's token by itself, and so knows it already.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=_SENT,
        expose_headers=_READ,
        allow_credentials=False,
        max_age=_PREFLIGHT_SECONDS,
    )
