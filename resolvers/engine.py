"""The engine: takes an operation and a principal, gives the response."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from graphql import DocumentNode, ExecutionResult, GraphQLError
from graphql.execution import execute
from graphql.execution.values import VariableValues
from graphql.pyutils import is_awaitable
from orjson import Fragment

from resolvers.access import Access, coordinates_of, unmarked
from resolvers.answers import (
    TOO_DEEP,
    Answer,
    compiled,
    executed,
    refusal,
    refused_by,
    refused_by_fault,
)
from resolvers.compiled.operation import CompiledOperation, NotCompiled
from resolvers.compiled.planner import Planner
from resolvers.costs.bill import Bill
from resolvers.costs.telling import Costing, costed, only_costed
from resolvers.costs.till import Till
from resolvers.cursors import Cursors
from resolvers.database import Database, Snapshot
from resolvers.deadlines import Deadlines
from resolvers.documents import Documents, MutationByGet, Prepared
from resolvers.pages import Limits
from resolvers.reference.operation import Running
from resolvers.schemas import Schemas, SeenSchema
from resolvers.sql.scope import Scope
from schema.model import Graph
from security.budgets import Budgets
from security.errors import BadUserInput, ErrorCode, GatewayError, TimedOut, Unavailable
from security.limits import USUAL, DocumentLimits, check_variables
from security.principal import Principal

__all__ = ["Answer", "Costing", "Engine", "MutationByGet", "Operation"]

_RESTRICTED: Final = (
    "Personal data can't be read and nothing can be written now, because revoked tokens can't be told from others:"
    " try again in a moment."
)


@dataclass(frozen=True)
class Operation:
    """One GraphQL request as it came; `may_write` is False where HTTP forbids mutations.

    `costing` says whether the cost is to be told, with the data or instead of it. `request` is the
    request's id, and `address` the network address that it came from.
    """

    document: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None
    may_write: bool = True
    costing: Costing = Costing.SILENT
    request: str | None = None
    address: str | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the document."""
        return hashlib.sha256(self.document.encode("utf-8", "surrogatepass")).hexdigest()


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
        document_limits: DocumentLimits = USUAL,
        most_cost: int | None = None,
        budgets: Budgets | None = None,
    ) -> None:
        """Make an engine; an operation that runs longer than `time_budget` seconds is ended.

        Without `compiling` every operation takes the reference path. One that may cost more than `most_cost` is
        refused; the others are paid for from `budgets`.
        """
        self._till = Till(max_page_size=limits.max_page_size, most_cost=most_cost, budgets=budgets)
        self._compiling = compiling
        self._database = database
        self._limits = limits
        self._cursors = cursors
        self._deadlines = Deadlines(time_budget)
        self._schemas = Schemas(graph, limits)
        self._document_limits = document_limits
        self._documents = Documents(document_limits)

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Answer an operation; raise `MutationByGet` for a mutation where it may not write."""
        try:
            with self._deadlines():
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
        seen = self._schemas.kept(capabilities) or await self._schemas.seen_by(capabilities)
        prepared = self._documents.prepare(
            operation.document, operation.name, seen, capabilities, may_write=operation.may_write
        )
        if isinstance(prepared, Answer):
            return await self._told_why(prepared, operation, principal) if principal.is_restricted else prepared
        given = operation.variables or {}
        check_variables(given, self._document_limits)
        variables = prepared.coercer(given)
        if not isinstance(variables, VariableValues):
            refused = refusal(variables, ErrorCode.BAD_USER_INPUT)
            return await self._told_why(refused, operation, principal) if principal.is_restricted else refused
        bill = self._till.bill(prepared, seen, variables, principal)
        if operation.costing is Costing.ONLY:
            return only_costed(bill)
        if not bill.spend():
            await bill.pay()
        answer = await self._answered(prepared, operation, seen, variables, principal, bill)
        bill.settle(answer)
        return costed(answer, bill) if operation.costing is Costing.TOLD else answer

    async def _answered(
        self,
        prepared: Prepared,
        operation: Operation,
        seen: SeenSchema,
        variables: VariableValues,
        principal: Principal,
        bill: Bill,
    ) -> Answer:
        if self._compiling:
            try:
                return await self._compiled(prepared, operation, seen, variables, principal, bill)
            except (NotCompiled, BadUserInput, GraphQLError, RecursionError):
                pass  # The reference path answers it, or tells where the bad value stands.
        return await self._referred(prepared, operation, seen, principal, bill)

    async def _told_why(self, refused: Answer, operation: Operation, principal: Principal) -> Answer:
        """Return why an operation is refused: for itself, or for what is taken from a restricted principal."""
        whole = principal.unrestricted
        seen = await self._schemas.seen_by(whole.capabilities)
        prepared = self._documents.prepare(
            operation.document, operation.name, seen, whole.capabilities, may_write=operation.may_write
        )
        if isinstance(prepared, Answer):
            return refused
        variables = prepared.coercer(operation.variables or {})
        return refused_by(Unavailable(_RESTRICTED)) if isinstance(variables, VariableValues) else refused

    async def _compiled(
        self,
        prepared: Prepared,
        operation: Operation,
        seen: SeenSchema,
        variables: VariableValues,
        principal: Principal,
        bill: Bill,
    ) -> Answer:
        """Answer an operation on the compiled path, with what of it is left to graphql-core."""
        rows: list[str] = []

        async def left(document: DocumentNode, snapshot: Snapshot) -> ExecutionResult:
            running = self._running(seen, principal, snapshot, bill)
            result = await _executed(document, seen, operation, running)
            rows.extend(running.subjects)
            return result

        ran = await self._planned(prepared, seen).run(self._database, variables, principal, left)
        data, subjects = unmarked(ran.data)
        access = _access(prepared, operation, seen, (*subjects, *rows))
        return executed(Fragment(data), ran.errors, access) if ran.errors else compiled(data, access)

    def _planned(self, prepared: Prepared, seen: SeenSchema) -> CompiledOperation:
        if prepared.compiled is None:
            planner = Planner(self._schemas.everything, seen, self._limits, self._cursors, self._database.version)
            prepared.compiled = CompiledOperation(planner, prepared)
        return prepared.compiled

    async def _referred(
        self,
        prepared: Prepared,
        operation: Operation,
        seen: SeenSchema,
        principal: Principal,
        bill: Bill,
    ) -> Answer:
        """Answer an operation on the reference path."""
        async with self._database.snapshot(principal) as snapshot:
            running = self._running(seen, principal, snapshot, bill)
            done = await _executed(prepared.document, seen, operation, running)
        return executed(done.data, done.errors or [], _access(prepared, operation, seen, running.subjects))

    def _running(self, seen: SeenSchema, principal: Principal, snapshot: Snapshot, bill: Bill) -> Running:
        return Running(
            scope=Scope(self._schemas.everything, seen.graph, principal),
            totals=Scope(self._schemas.everything, seen.graph, principal, totals=True),
            snapshot=snapshot,
            limits=self._limits,
            cursors=self._cursors,
            bill=bill,
        )


async def _executed(
    document: DocumentNode, seen: SeenSchema, operation: Operation, running: Running
) -> ExecutionResult:
    """Return what graphql-core makes of a document."""
    result = execute(
        seen.schema,
        document,
        context_value=running,
        variable_values=dict(operation.variables or {}),
        operation_name=operation.name,
    )
    return cast("ExecutionResult", await result if is_awaitable(result) else result)


def _access(prepared: Prepared, operation: Operation, seen: SeenSchema, subjects: Iterable[str]) -> Access:
    """Return what an answer tells; of the rows that were read, those whose personal data was asked for."""
    if prepared.coordinates is None:
        prepared.coordinates = coordinates_of(
            operation.hash, prepared.document, prepared.operation, seen.schema, seen.graph
        )
    coordinates = prepared.coordinates
    personal = coordinates.personal_with(operation.variables)
    types = {name.partition(".")[0] for name in coordinates.personal}
    return Access(coordinates, personal, tuple(row for row in subjects if row.partition(":")[0] in types))
