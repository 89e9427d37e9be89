"""The gateway as the fuzz asks it: the same operations through both fences, and through each of them alone."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
import sqlalchemy as sa

from resolvers.database import Database
from resolvers.engine import Engine, Operation
from resolvers.pages import Limits
from resolvers.schemas import Schemas
from resolvers.sql.scope import Predicate, Scope
from schema.model import Graph, Model
from security.principal import Principal
from tests.fuzz.answer import LEAST_GROUP, PAGE_SIZE
from tests.graph import CURSORS, PATIENCE
from tests.model.world import GRAPH

LIMITS = Limits(PAGE_SIZE, 50, LEAST_GROUP)


class Way(Enum):
    """How an operation is answered: by which path, and with which fences around rows."""

    COMPILED = "compiled, both fences"
    REFERENCE = "reference path, both fences"
    PREDICATES = "compiled, predicates alone"
    REFERENCE_PREDICATES = "reference path, predicates alone"
    POLICIES = "compiled, policies alone"


_first_fence_is_off: ContextVar[bool] = ContextVar("first fence is off", default=False)


@dataclass(frozen=True)
class Response:
    """What came back."""

    status: int
    body: Mapping[str, Any]
    text: str
    by_fault: bool
    """Whether it was found although the compiler failed."""


@dataclass(frozen=True)
class Gateway:
    """Engines over one database, one for each way."""

    engines: Mapping[Way, Engine]

    async def ask(self, way: Way, document: str, variables: Mapping[str, Any], principal: Principal) -> Response:
        """Ask one operation in one way."""
        with without_predicates() if way is Way.POLICIES else contextlib.nullcontext():
            answer = await self.engines[way].execute(Operation(document, None, variables), principal)
        by_fault = answer.way is not None and answer.way.is_by_fault
        return Response(answer.status, json.loads(answer.body), answer.body.decode(), by_fault)


@contextlib.contextmanager
def without_predicates() -> Iterator[None]:
    """Take the first fence away for what runs within, where `removable_predicates` made it possible."""
    off = _first_fence_is_off.set(True)
    try:
        yield
    finally:
        _first_fence_is_off.reset(off)


@contextlib.contextmanager
def removable_predicates() -> Iterator[None]:
    """Let the first fence be taken away for the operations of one way, by hiding no row there."""
    visible = Scope.visible

    def maybe(self: Scope, model: Model, source: sa.FromClause) -> Predicate:
        return sa.true() if _first_fence_is_off.get() else visible(self, model, source)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scope, "visible", maybe)
        yield


def new_schemas(graph: Graph = GRAPH) -> Schemas:
    """Return schemas that several gateways may share."""
    return Schemas(graph, LIMITS)


@contextlib.asynccontextmanager
async def gateway(
    served_url: str, owner_url: str, graph: Graph = GRAPH, schemas: Schemas | None = None
) -> AsyncIterator[Gateway]:
    """Open a database under the role that serves, and under its owner, whom no policy holds back.

    `schemas` of another gateway over the same graph save the time that they take.
    """
    served = await Database.open(served_url, max_size=1, statement_timeout_ms=PATIENCE * 1000)
    owned = await Database.open(owner_url, max_size=1, statement_timeout_ms=PATIENCE * 1000)
    built = schemas or new_schemas(graph)

    def engine(database: Database, *, compiling: bool) -> Engine:
        made = Engine(database, graph, limits=LIMITS, cursors=CURSORS, time_budget=PATIENCE, compiling=compiling)
        # Schemas are what takes time; they don't know of fences and paths.
        made._schemas = built
        return made

    try:
        yield Gateway(
            {
                Way.COMPILED: engine(served, compiling=True),
                Way.REFERENCE: engine(served, compiling=False),
                Way.PREDICATES: engine(owned, compiling=True),
                Way.REFERENCE_PREDICATES: engine(owned, compiling=False),
                Way.POLICIES: engine(served, compiling=True),
            }
        )
    finally:
        await served.close()
        await owned.close()
