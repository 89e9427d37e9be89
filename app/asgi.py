"""The ASGI application: every address that the gateway has."""

from collections.abc import Awaitable, Sequence

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.address_limit import AddressLimit
from app.cors import with_cors
from app.edge import Edge
from app.graphql_http import GraphQLEndpoint
from app.nothing_here import not_found
from app.settings import Settings
from app.tls import STRICT_TRANSPORT


def create_app(graphql: GraphQLEndpoint, routes: Sequence[BaseRoute], settings: Settings) -> ASGIApp:
    """Return the application with GraphQL at `/graphql` and the other routes beside it.

    An address has one spelling: no redirect adds or takes a slash, so nothing is reached around what guards it.
    """
    router = Router(routes=routes, redirect_slashes=False, default=_not_found)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # The one address that nearly all requests are for needs no table of addresses.
        return (graphql if scope["path"] == "/graphql" else router)(scope, receive, send)

    limit = settings.requests_per_minute
    return Edge(
        with_cors(AddressLimit(app, limit) if limit else app, settings.cors_origins),
        access_log=settings.access_log,
        more_headers=(STRICT_TRANSPORT,) if settings.tls_certificate else (),
    )


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await not_found()(scope, receive, send)
