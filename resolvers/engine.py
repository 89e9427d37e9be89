"""The engine: takes an operation and a principal, gives the response."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import execute, get_variable_values
from graphql.pyutils import is_awaitable

from resolvers.answers import MAX_ERRORS, Answer, executed, refusal, refused_by
from resolvers.cursors import Cursors
from resolvers.database import Database, Snapshot
from resolvers.documents import Documents, MutationByGet, Prepared
from resolvers.pages import Limits
from resolvers.reference.operation import Running
from resolvers.schemas import Schemas, SeenSchema
from resolvers.sql.scope import Scope
from schema.model import Graph
from security.errors import ErrorCode, GatewayError, TimedOut
from security.principal import Principal

__all__ = ["Answer", "Engine", "MutationByGet", "Operation"]


@dataclass(frozen=True)
class Operation:
    """One GraphQL request as it came; `may_write` is False where HTTP forbids mutations."""

    document: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None
    may_write: bool = True


class Engine:
    """Answers operations from the operational database. It keeps schemas and documents, and nothing of a principal."""

    def __init__(
        self, database: Database, graph: Graph, *, limits: Limits, cursors: Cursors, time_budget: float = 30.0
    ) -> None:
        """Make an engine; an operation that runs longer than `time_budget` seconds is ended."""
        self._database = database
        self._limits = limits
        self._cursors = cursors
        self._time_budget = time_budget
        self._schemas = Schemas(graph, limits)
        self._documents = Documents()

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Answer an operation; raise `MutationByGet` for a mutation where it may not write."""
        try:
            async with asyncio.timeout(self._time_budget):
                return await self._execute(operation, principal)
        except TimeoutError:
            return refused_by(TimedOut("The operation took too long and was ended: ask for less, or filter more."))
        except GatewayError as error:
            return refused_by(error)

    async def _execute(self, operation: Operation, principal: Principal) -> Answer:
        capabilities = principal.capabilities
        seen = await self._schemas.seen_by(capabilities)
        prepared = self._documents.prepare(
            operation.document, operation.name, seen, capabilities, may_write=operation.may_write
        )
        if isinstance(prepared, Answer):
            return prepared
        variables = dict(operation.variables or {})
        if errors := _unusable(prepared, seen, variables):
            return refusal(errors, ErrorCode.BAD_USER_INPUT)
        async with self._database.snapshot() as snapshot:
            result = execute(
                seen.schema,
                prepared.document,
                context_value=self._running(seen, principal, snapshot),
                variable_values=variables,
                operation_name=operation.name,
            )
            done: ExecutionResult = await result if is_awaitable(result) else result  # type: ignore[assignment]
        return executed(done.data, done.errors or [])

    def _running(self, seen: SeenSchema, principal: Principal, snapshot: Snapshot) -> Running:
        return Running(
            scope=Scope(self._schemas.everything, seen.graph, principal),
            totals=Scope(self._schemas.everything, seen.graph, principal, totals=True),
            snapshot=snapshot,
            limits=self._limits,
            cursors=self._cursors,
        )


def _unusable(prepared: Prepared, seen: SeenSchema, variables: dict[str, Any]) -> list[GraphQLError]:
    """Return what is wrong with the variables."""
    definitions = prepared.operation.variable_definitions or ()
    try:
        coerced = get_variable_values(seen.schema, definitions, variables, max_errors=MAX_ERRORS)
    except RecursionError:
        return [GraphQLError("The variables are nested too deeply.")]
    return coerced if isinstance(coerced, list) else []
