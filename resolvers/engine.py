"""The engine: takes an operation and a principal, gives the response."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution import execute, get_variable_values
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable

from resolvers.answers import (
    MAX_ERRORS,
    TOO_DEEP,
    Answer,
    compiled,
    executed,
    refusal,
    refused_by,
    refused_by_fault,
)
from resolvers.compiled.operation import CompiledOperation, NotCompiled
from resolvers.cursors import Cursors
from resolvers.database import Database, Snapshot
from resolvers.documents import Documents, MutationByGet, Prepared
from resolvers.pages import Limits
from resolvers.reference.operation import Running
from resolvers.schemas import Schemas, SeenSchema
from resolvers.sql.scope import Scope
from schema.model import Graph
from security.errors import BadUserInput, ErrorCode, GatewayError, TimedOut
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
        self,
        database: Database,
        graph: Graph,
        *,
        limits: Limits,
        cursors: Cursors,
        time_budget: float = 30.0,
        compiling: bool = True,
    ) -> None:
        """Make an engine; an operation that runs longer than `time_budget` seconds is ended.

        Without `compiling` every operation takes the reference path.
        """
        self._compiling = compiling
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
        except RecursionError:
            return refused_by(TOO_DEEP)
        except MutationByGet:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, a client is told of it in one way
            return refused_by_fault(error)

    async def _execute(self, operation: Operation, principal: Principal) -> Answer:
        capabilities = principal.capabilities
        seen = await self._schemas.seen_by(capabilities)
        prepared = self._documents.prepare(
            operation.document, operation.name, seen, capabilities, may_write=operation.may_write
        )
        if isinstance(prepared, Answer):
            return prepared
        given = dict(operation.variables or {})
        variables = _coerced(prepared, seen, given)
        if not isinstance(variables, VariableValues):
            return refusal(variables, ErrorCode.BAD_USER_INPUT)
        if self._compiling:
            try:
                return compiled(await self._compiled(prepared, seen).run(self._database, variables, principal))
            except (NotCompiled, BadUserInput, GraphQLError, RecursionError):
                pass  # The reference path answers it, or tells where the bad value stands.
        return await self._referred(prepared, operation, seen, principal, given)

    def _compiled(self, prepared: Prepared, seen: SeenSchema) -> CompiledOperation:
        if prepared.compiled is None:
            prepared.compiled = CompiledOperation(self._schemas.everything, seen, prepared, self._limits, self._cursors)
        return prepared.compiled

    async def _referred(
        self,
        prepared: Prepared,
        operation: Operation,
        seen: SeenSchema,
        principal: Principal,
        given: dict[str, Any],
    ) -> Answer:
        """Answer an operation on the reference path."""
        async with self._database.snapshot(principal) as snapshot:
            result = execute(
                seen.schema,
                prepared.document,
                context_value=self._running(seen, principal, snapshot),
                variable_values=given,
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


def _coerced(prepared: Prepared, seen: SeenSchema, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
    """Return the values of the variables, or what is wrong with them."""
    definitions = prepared.operation.variable_definitions or ()
    try:
        return get_variable_values(seen.schema, definitions, given, max_errors=MAX_ERRORS)
    except RecursionError:
        return [GraphQLError("The variables are nested too deeply.")]
