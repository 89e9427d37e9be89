"""The two paths: an operation is compiled where that can be, and else executed field by field by graphql-core."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, cast

import asyncpg
from graphql import DocumentNode, ExecutionResult, GraphQLError
from graphql.execution import execute
from graphql.pyutils import is_awaitable
from orjson import Fragment

from resolvers.access import Access, coordinates_of, unmarked
from resolvers.answers import Answer, compiled, executed, log_fault
from resolvers.coercion import Coerced
from resolvers.compiled.operation import CompiledOperation, Ran
from resolvers.compiled.planner import Planner
from resolvers.costs.bill import Bill
from resolvers.cursors import Cursors
from resolvers.database import Database, Snapshot
from resolvers.documents import Prepared
from resolvers.operation import Operation
from resolvers.pages import Limits
from resolvers.quality import QualityResults
from resolvers.reference.operation import Running
from resolvers.schemas import SeenSchema
from resolvers.sql.scope import Scope
from resolvers.ways import COMPILED, MIXED, NotCompiled, Path, Reason, Sent, Way, compiling
from schema.model import Graph
from security.errors import BadUserInput
from security.principal import Principal

_NO_STATEMENT: Final = (
    asyncpg.SyntaxOrAccessError,
    asyncpg.StatementTooComplexError,
    asyncpg.TooManyColumnsError,
    asyncpg.TooManyArgumentsError,
)
"""What the database says of a text that it takes for no statement, before it reads a row."""


class Asked(NamedTuple):
    """An operation that is valid and paid for, with its coerced variables.

    `sent` gathers the statements that it takes, where a client wants to be told of them.
    """

    operation: Operation
    prepared: Prepared
    variables: Coerced
    seen: SeenSchema
    principal: Principal
    bill: Bill
    sent: list[Sent] | None = None


@dataclass(frozen=True)
class Paths:
    """Answers operations from the operational database; without `compiling` on the reference path alone.

    `on_kept` is told the size of each plan and statement that will be kept with its operation.
    """

    database: Database
    everything: Graph
    limits: Limits
    cursors: Cursors
    quality: QualityResults
    compiling: bool = True
    on_kept: Callable[[int], None] = lambda _: None

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer, with the way that it was found."""
        if not self.compiling:
            return await self._referred(asked, Reason.SWITCHED_OFF)
        left = _Left(self, asked)
        try:
            planned = asked.prepared.compiled or self._planned(asked)
            ran = await planned.run(self.database, asked.variables, asked.principal, left, asked.sent)
        except NotCompiled as error:
            reason = error.reason
            if error.__cause__ is not None:
                log_fault(error.__cause__)
        except _NO_STATEMENT as error:
            reason = Reason.FAULT
            log_fault(error)
        except (BadUserInput, GraphQLError):
            reason = Reason.UNUSABLE_VALUE
        except RecursionError:
            reason = Reason.TOO_DEEP
        else:
            return _answered(asked, ran, left)
        # It answers, or tells where the bad value stands.
        return await self._referred(asked, reason)

    def _planned(self, asked: Asked) -> CompiledOperation:
        version, on_kept = self.database.version, self.on_kept
        planner = Planner(self.everything, asked.seen, self.limits, self.cursors, version, on_kept)
        with compiling():
            made = asked.prepared.compiled = CompiledOperation(planner, asked.prepared)
        return made

    async def _referred(self, asked: Asked, reason: Reason) -> Answer:
        """Answer an operation on the reference path."""
        async with self.database.snapshot(asked.principal) as snapshot:
            running = self.running(asked, snapshot)
            done = await _executed(asked.prepared.document, asked, running)
        asked.bill.has_worked = bool(snapshot.texts)
        way = Way(Path.REFERENCE, reason)
        if asked.sent is not None:
            way = replace(way, sent=tuple(map(Sent, snapshot.texts)))
        return executed(done.data, done.errors or [], _access(asked, running.subjects), way)

    def running(self, asked: Asked, snapshot: Snapshot) -> Running:
        """Return what graphql-core's resolvers need."""
        return Running(
            scope=Scope(self.everything, asked.seen.graph, asked.principal),
            totals=Scope(self.everything, asked.seen.graph, asked.principal, totals=True),
            snapshot=snapshot,
            limits=self.limits,
            cursors=self.cursors,
            bill=asked.bill,
            quality=self.quality,
        )


class _Left:
    """Executes what of an operation is left to graphql-core."""

    __slots__ = ("_asked", "_paths", "subjects", "was_asked")

    def __init__(self, paths: Paths, asked: Asked) -> None:
        self._paths = paths
        self._asked = asked
        self.was_asked = False
        self.subjects: Iterable[str] = ()

    async def __call__(self, document: DocumentNode, snapshot: Snapshot) -> ExecutionResult:
        self.was_asked = True
        running = self._paths.running(self._asked, snapshot)
        result = await _executed(document, self._asked, running)
        self.subjects = running.subjects
        return result


def _answered(asked: Asked, ran: Ran, left: _Left) -> Answer:
    """Return the answer of an operation on the compiled path, with what of it was left to graphql-core."""
    response, subjects = unmarked(ran.response)
    access = _access(asked, (*subjects, *left.subjects))
    way = MIXED if left.was_asked else COMPILED
    if asked.sent is not None:
        way = replace(way, sent=tuple(asked.sent))
    if ran.errors:
        asked.bill.has_worked = True
        return executed(Fragment(ran._replace(response=response).data), ran.errors, access, way)
    return compiled(response, access, way)


async def _executed(document: DocumentNode, asked: Asked, running: Running) -> ExecutionResult:
    result = execute(
        asked.seen.schema,
        document,
        context_value=running,
        variable_values=dict(asked.operation.variables or {}),
        operation_name=asked.operation.name,
    )
    return cast("ExecutionResult", await result if is_awaitable(result) else result)


def _access(asked: Asked, subjects: Iterable[str]) -> Access:
    """Return what an answer tells; of the rows that were read, those whose personal data was asked for."""
    prepared, seen = asked.prepared, asked.seen
    if prepared.coordinates is None:
        prepared.coordinates = coordinates_of(
            asked.operation.hash, prepared.document, prepared.operation, seen.schema, seen.graph
        )
    coordinates = prepared.coordinates
    if coordinates.names_none:
        return coordinates.plain
    personal = coordinates.personal_with(asked.operation.variables)
    types = coordinates.personal_types
    return Access(coordinates, personal, tuple([row for row in subjects if row.partition(":")[0] in types]))
