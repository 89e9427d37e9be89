"""Metrics in Prometheus' form: what operations came to, how long they took, and what the process holds.

No label is a name, an id or anything else that a client makes up: each has a few words that stand in the code.
"""

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.addresses import is_from_here
from app.counting import Counts, Durations
from app.nothing_here import not_found
from app.outcomes import outcome_of
from resolvers.answers import Answer
from resolvers.engine import MutationByGet, Operation
from security.principal import Principal

Gauges = Mapping[str, tuple[str, Callable[[], float]]]
"""What is asked for when the metrics are read: names without their beginning, descriptions, and what tells values."""


class Executor(Protocol):
    """What runs operations."""

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Run an operation with the principal's rights."""
        ...


class Metrics:
    """Counts what operations come to, and tells gauges beside that."""

    def __init__(self, gauges: Gauges) -> None:
        self._operations = Durations(
            "gateway_operation_seconds",
            "Seconds from a read request to its answer, by the operation's type and what became of it.",
            ("type", "outcome"),
        )
        self._paths = Counts(
            "gateway_operation_paths",
            "Operations that ran, by the path that executed them and why it was not the compiled one.",
            ("path", "reason"),
        )
        self._refusals = Counts("gateway_refused_requests", "Requests that never became an operation.", ("code",))
        self.registry = CollectorRegistry()
        for collector in (self._operations, self._paths, self._refusals, _Gauges(gauges)):
            self.registry.register(collector)

    def refused(self, code: str) -> None:
        """Count a request that never became an operation."""
        self._refusals.count(code)

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count an operation with its answer."""
        kind = "unknown" if answer.access is None else answer.access.coordinates.kind
        self._operations.observe(seconds, kind, outcome_of(answer))
        if answer.way is not None:
            self._paths.count(*answer.way.labels)

    def ended(self, outcome: str, seconds: float) -> None:
        """Count an operation that had no answer."""
        self._operations.observe(seconds, "unknown", outcome)


@dataclass(frozen=True, eq=False)
class _Gauges(Collector):
    gauges: Gauges

    def collect(self) -> Iterable[Metric]:
        for name, (description, value) in self.gauges.items():
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield family(f"gateway_{name}", description, value=value())


@dataclass(frozen=True)
class MeteredExecutor:
    """Runs operations on another executor, and counts them."""

    executor: Executor
    metrics: Metrics

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Run an operation."""
        begin = perf_counter()
        try:
            answer = await self.executor.execute(operation, principal)
        except (MutationByGet, asyncio.CancelledError) as end:
            self.metrics.ended("REFUSED" if isinstance(end, MutationByGet) else "CANCELLED", perf_counter() - begin)
            raise
        self.metrics.answered(answer, perf_counter() - begin)
        return answer


def metrics_route(metrics: Metrics, token: str | None) -> Route:
    """Return `/metrics`, for whoever has the token; without one for programs of this machine. Others find nothing."""

    async def read(request: Request) -> Response:
        if not _may_read(request, token):
            return not_found()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", read)


def _may_read(request: Request, token: str | None) -> bool:
    if token is not None:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode())
    return is_from_here(request)
