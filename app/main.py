"""The gateway as a whole: every part made from the settings and put together, on one screen."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from types import FrameType

import uvloop

from app import logs, memory
from app.asgi import create_app
from app.audit.running import Recording
from app.banner import banner
from app.demonstration import demo_tokens, fill_if_empty
from app.embedded import Stack, make_folder
from app.explorer import DemoToken, explorer_page, explorer_routes
from app.gauges import gauges
from app.graphql_http import BodyLimits, GraphQLEndpoint, RateLimitHeaders
from app.health import Readiness, health_routes
from app.identity import DevelopmentKey, configured_verifier
from app.metrics import MeteredExecutor, Metrics, metrics_route
from app.operational import Operational, operational
from app.quality import quality_results
from app.revocations import FollowedRevocations
from app.server import Server, bind, url_of
from app.settings import Settings
from app.worker.process import WorkerProcess
from resolvers.cursors import Cursors
from resolvers.database import Database
from resolvers.engine import Engine
from resolvers.pages import Limits
from schema.entities import ENTITIES
from schema.model import describe
from security.budgets import Budgets, FailoverBuckets, SharedBuckets
from security.limits import DocumentLimits

Report = Callable[[str], None]

_TERMINATED = 143
_CLOSE_SECONDS = 5


def serve(settings: Settings, *, demo: bool, report: Report) -> None:
    """Run the gateway until a signal ends it. `report` gets a line for each step; StartError when one fails."""
    logs.configure(settings)
    memory.keep_freed()
    signal.signal(signal.SIGTERM, _end)
    with (
        contextlib.closing(bind(settings)) as listener,
        operational(settings, report) as place,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        if demo and settings.is_embedded:
            fill_if_empty(place.owner_url, report)
        try:
            runner.run(_serve(settings, place, listener, report))
        finally:
            logs.flush()
        # A signal has asked for the stop of the embedded servers, which follows: a second one adds nothing.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


async def _serve(settings: Settings, place: Operational, listener: socket.socket, report: Report) -> None:
    key = DevelopmentKey.of(settings) if settings.is_own_issuer else None
    tokens = _demo_tokens(settings, key, place)
    database = await Database.open(
        place.url,
        min_size=settings.database_pool_min,
        max_size=settings.database_pool_max,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    revocations = await FollowedRevocations.start(settings, place.redis_url)
    buckets = SharedBuckets.at(place.redis_url)
    shares = FailoverBuckets(buckets, processes=settings.budget_processes)
    quality = quality_results(settings)
    budgets = Budgets(
        shares,
        factor=settings.budget_factor,
        processes=settings.budget_processes,
    )
    try:
        engine = Engine(
            database,
            describe(ENTITIES),
            limits=Limits(settings.page_size_default, settings.page_size_max, settings.group_size_min),
            cursors=Cursors(_cursor_secret(settings)),
            time_budget=settings.request_timeout_seconds,
            document_limits=DocumentLimits(depth=settings.operation_depth_max),
            most_cost=settings.operation_cost_max,
            budgets=budgets,
            quality=quality,
        )
        recording = Recording(engine, settings, place.url)
        metrics = Metrics(gauges(database, engine, recording, shares))
        graphql = GraphQLEndpoint(
            MeteredExecutor(recording.executor, metrics),
            key.verifier(revocations.known) if key else configured_verifier(settings, revocations.known),
            BodyLimits(settings.body_limit_bytes, settings.receive_timeout_seconds),
            explorer_page,
            RateLimitHeaders(budgets, draft=settings.rate_limit_draft_headers),
            may_explain=settings.may_explain,
            refused=metrics.refused,
        )
        readiness = Readiness(database, place.url)
        routes = [
            *explorer_routes(tokens),
            *health_routes(readiness),
            metrics_route(metrics, settings.metrics_token),
        ]
        server = Server(
            create_app(graphql, routes, settings),
            settings,
            started=lambda: report(banner(settings, url_of(listener, settings), tokens() if tokens else ())),
            stopping=readiness.stop,
        )
        memory.settle()
        try:
            async with _fed(settings, server):
                await _run(server, listener, place.stack)
        finally:
            await recording.stop()
    finally:
        await revocations.stop()
        await buckets.close()
        await quality.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(database.close(), _CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def _fed(settings: Settings, server: Server) -> AsyncIterator[None]:
    """Have a worker feed the warehouse meanwhile, where the settings say so; it begins when the server serves."""
    if not settings.has_worker:
        yield
        return
    worker = WorkerProcess(settings)
    watch = asyncio.create_task(worker.supervise(server.has_started))
    try:
        yield
    finally:
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        await worker.stop()


async def _run(server: Server, listener: socket.socket, stack: Stack | None) -> None:
    """Serve until a signal, or until an embedded server can't be kept alive: then raise its StartError."""
    if stack is None:
        await server.serve([listener])
        return
    watch = asyncio.create_task(stack.supervise())
    watch.add_done_callback(lambda _: server.drain())
    await server.serve([listener])
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch


def _demo_tokens(
    settings: Settings, key: DevelopmentKey | None, place: Operational
) -> Callable[[], Sequence[DemoToken]] | None:
    """Return what makes demo tokens; None where others than this machine's user could ask for one."""
    if key is None or not settings.is_embedded or not settings.is_loopback:
        return None
    return partial(demo_tokens, key, place.owner_url)


def _cursor_secret(settings: Settings) -> bytes:
    secret = settings.cursor_secret or make_folder(settings.data_dir).keep_secret("cursor-key")
    return secret.encode()


def _end(_signal: int, _frame: FrameType | None) -> None:
    """End a start that is under way; what has started stops on the way out."""
    raise SystemExit(_TERMINATED)
