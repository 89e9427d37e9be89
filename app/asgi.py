"""The ASGI application: every address that the gateway has."""

from collections.abc import Sequence

import orjson
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.edge import Edge
from app.graphql_http import GraphQLEndpoint
from security.errors import ErrorCode

_NOT_FOUND = orjson.dumps(
    {"errors": [{"message": "There is nothing at this address.", "extensions": {"code": ErrorCode.NOT_FOUND}}]}
)


def create_app(graphql: GraphQLEndpoint, routes: Sequence[BaseRoute], *, access_log: bool) -> ASGIApp:
    """Return the application with GraphQL at `/graphql` and the other routes beside it.

    An address has one spelling: no redirect adds or takes a slash, so nothing is reached around what guards it.
    """
    router = Router(
        routes=[Route("/graphql", graphql), *routes],
        redirect_slashes=False,
        default=_not_found,
    )
    return Edge(router, access_log=access_log)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await Response(_NOT_FOUND, 404, media_type="application/json")(scope, receive, send)
