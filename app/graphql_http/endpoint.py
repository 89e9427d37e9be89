"""The endpoint `/graphql`: GraphQL over HTTP as its specification says, and the explorer's page for browsers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.exchange import Exchange, address_of, exchange_of
from app.graphql_http import answers, parameters
from app.graphql_http.authentication import authenticate
from app.graphql_http.body import ClientDisconnected, check_head, read_body
from app.graphql_http.costing import costing_of
from app.graphql_http.errors import HttpRefusal, MethodNotAllowed
from app.graphql_http.explaining import is_explaining
from app.graphql_http.head import Head, Heads
from app.graphql_http.negotiation import MediaType, prefers_page, response_type
from app.graphql_http.rate_limit import RateLimitHeaders
from resolvers.deadlines import Deadlines
from resolvers.engine import Answer, Costing, MutationByGet, Operation
from security.errors import GatewayError
from security.principal import Principal
from security.tokens import InvalidToken, TokenVerifier

_METHODS: Final = frozenset({"GET", "POST"})


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
        *,
        may_explain: bool = False,
        refused: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Make an endpoint; `refused` is told the codes of requests that never became an operation."""
        self._executor = executor
        self._heads = Heads()
        self._verifier = verifier
        self._most_bytes = limits.size
        self._deadlines = Deadlines(limits.seconds)
        self._page = page
        self._rate_limit = rate_limit
        self._may_explain = may_explain
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = self._heads.of(scope)
        if scope["method"] == "GET" and _is_for_page(scope, head):
            await self._page(Request(scope))(scope, receive, send)
            return
        media_type = MediaType.JSON
        exchange = exchange_of(scope)
        try:
            if scope["method"] not in _METHODS:
                raise MethodNotAllowed("Send operations by POST or GET.", allow="GET, POST")
            media_type = response_type(head.accept)
            answer, standing = await self._answer(scope, head, receive, exchange)
        except (GatewayError, HttpRefusal) as refusal:
            _note(exchange, refusal)
            self._refused(refusal.extensions["code"])
            await answers.send_refusal(send, refusal, media_type=media_type)
        except ClientDisconnected:
            return
        else:
            status = answers.status_for(answer.status, media_type)
            await answers.send(send, answer.body, status=status, media_type=media_type, more=standing)

    async def _answer(
        self, scope: Scope, head: Head, receive: Receive, exchange: Exchange
    ) -> tuple[Answer, list[answers.Header]]:
        principal = (head.bearer and self._verifier.recall(head.bearer)) or await authenticate(head, self._verifier)
        exchange.subject = principal.subject
        if principal.actor is not None:
            exchange.actor = principal.actor.subject
        origin = self._origin(scope, head, exchange)
        if scope["method"] == "GET":
            operation = parameters.from_query_string(scope["query_string"], origin)
        else:
            if not head.is_usual or head.announced is None or head.announced > self._most_bytes:
                check_head(head, self._most_bytes)
            body = exchange.body
            if body is None or len(body) > self._most_bytes:
                body = await read_body(receive, limit=self._most_bytes, deadlines=self._deadlines)
            operation = parameters.from_body(body, origin)
        exchange.operation = operation.name
        try:
            answer = await self._executor.execute(operation, principal)
        except MutationByGet:
            raise MethodNotAllowed("A GET only reads: send the mutation by POST.", allow="POST") from None
        return answer, self._rate_limit.of(principal, answer)

    def _origin(self, scope: Scope, head: Head, exchange: Exchange) -> parameters.Origin:
        costing, explaining = Costing.SILENT, False
        if not head.is_usual:
            explaining, costing = is_explaining(head, is_allowed=self._may_explain), costing_of(head)
        return costing, exchange.request_id, address_of(scope), explaining


def _is_for_page(scope: Scope, head: Head) -> bool:
    """Tell whether a browser asks for the explorer rather than for data."""
    return prefers_page(head.accept) and not parameters.has_query(scope["query_string"])


def _note(exchange: Exchange, refusal: answers.Refusal) -> None:
    exchange.code = refusal.extensions["code"]
    exchange.reason = refusal.reason if isinstance(refusal, InvalidToken) else None
