"""The endpoint `/graphql`: GraphQL over HTTP as its specification says, and the explorer's page for browsers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.edge import RequestFacts, address_of, facts_of, request_id_of
from app.graphql_http import answers, parameters
from app.graphql_http.authentication import authenticate
from app.graphql_http.body import ClientDisconnected, check_media_type, read_body
from app.graphql_http.costing import with_costing
from app.graphql_http.errors import HttpRefusal, MethodNotAllowed
from app.graphql_http.negotiation import MediaType, prefers_page, response_type
from app.graphql_http.rate_limit import RateLimitHeaders
from resolvers.deadlines import Deadlines
from resolvers.engine import Answer, MutationByGet, Operation
from security.errors import GatewayError
from security.principal import Principal
from security.tokens import InvalidToken, TokenVerifier


class Executor(Protocol):
    """What runs operations."""

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Run an operation with the principal's rights."""
        ...


@dataclass(frozen=True)
class BodyLimits:
    """How large, in bytes, a body may be and how long, in seconds, it may take to arrive."""

    size: int
    seconds: float


class GraphQLEndpoint:
    """An ASGI application for one address."""

    def __init__(
        self,
        executor: Executor,
        verifier: TokenVerifier,
        limits: BodyLimits,
        page: Callable[[Request], Response],
        rate_limit: RateLimitHeaders,
    ) -> None:
        self._executor = executor
        self._verifier = verifier
        self._most_bytes = limits.size
        self._deadlines = Deadlines(limits.seconds)
        self._page = page
        self._rate_limit = rate_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        accept = ",".join(headers.getlist("accept")) or None
        if scope["method"] == "GET" and prefers_page(accept) and not parameters.has_query(scope["query_string"]):
            await self._page(Request(scope))(scope, receive, send)
            return
        media_type = MediaType.JSON
        try:
            _check_method(scope["method"])
            media_type = response_type(accept)
            answer, standing = await self._answer(scope, headers, receive)
        except (GatewayError, HttpRefusal) as refusal:
            _note(facts_of(scope), refusal)
            await answers.send_refusal(send, refusal, media_type=media_type)
        except ClientDisconnected:
            return
        else:
            status = answers.status_for(answer.status, media_type)
            await answers.send(send, answer.body, status=status, media_type=media_type, more=standing)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> tuple[Answer, list[answers.Header]]:
        facts = facts_of(scope)
        principal = await authenticate(headers, self._verifier)
        facts.subject = principal.subject
        if principal.actor is not None:
            facts.actor = principal.actor.subject
        operation = with_costing(await self._operation(scope, headers, receive), headers)
        facts.operation = operation.name
        try:
            origin = replace(operation, request=request_id_of(scope), address=address_of(scope))
            answer = await self._executor.execute(origin, principal)
        except MutationByGet:
            raise MethodNotAllowed("A GET only reads: send the mutation by POST.", allow="POST") from None
        return answer, self._rate_limit.of(principal, answer)

    async def _operation(self, scope: Scope, headers: Headers, receive: Receive) -> Operation:
        if scope["method"] == "GET":
            return parameters.from_query_string(scope["query_string"])
        check_media_type(headers)
        return parameters.from_body(
            await read_body(headers, receive, limit=self._most_bytes, deadlines=self._deadlines)
        )


def _check_method(method: str) -> None:
    if method not in {"GET", "POST"}:
        raise MethodNotAllowed("Send operations by POST or GET.", allow="GET, POST")


def _note(facts: RequestFacts, refusal: answers.Refusal) -> None:
    facts.code = refusal.extensions["code"]
    facts.reason = refusal.reason if isinstance(refusal, InvalidToken) else None
