"""The engine: takes an operation and a principal, gives the response."""

from typing import Any, Final

from resolvers.answers import TOO_DEEP, Answer, extended, refusal, refused_by, refused_by_fault
from resolvers.costs.bill import Bill
from resolvers.costs.telling import Costing, cost_told, only_costed
from resolvers.costs.till import Till
from resolvers.cursors import Cursors
from resolvers.database import Database
from resolvers.deadlines import Deadlines
from resolvers.documents import Documents, MutationByGet
from resolvers.operation import Operation
from resolvers.pages import Limits
from resolvers.paths import Asked, Paths
from resolvers.quality import QualityResults
from resolvers.schemas import Schemas
from resolvers.ways import Sent
from schema.model import Graph
from security.budgets import Budgets
from security.errors import ErrorCode, GatewayError, TimedOut, Unavailable
from security.limits import USUAL, DocumentLimits, check_variables
from security.principal import Principal

__all__ = ["Answer", "Costing", "Engine", "MutationByGet", "Operation"]

_RESTRICTED: Final = (
    "Personal data can't be read and nothing can be written now, because revoked tokens can't be told from others:"
    " try again in a moment."
)


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
        quality: QualityResults | None = None,
    ) -> None:
        """Make an engine; an operation that runs longer than `time_budget` seconds is ended.

        Without `compiling` every operation takes the reference path. One that may cost more than `most_cost` is
        refused; the others are paid for from `budgets`. Results of checks come from `quality`, where there is any.
        """
        self._till = Till(max_page_size=limits.max_page_size, most_cost=most_cost, budgets=budgets)
        self._deadlines = Deadlines(time_budget)
        self._document_limits = document_limits
        self._documents = Documents(document_limits)
        self._schemas = Schemas(graph, limits, self._documents.forget)
        self._paths = Paths(
            database, graph, limits, cursors, quality or QualityResults(), compiling, self._documents.make_room
        )

    @property
    def kept(self) -> dict[str, int]:
        """How much of each kind is kept for operations that come again."""
        documents = self._documents
        return {
            "schemas": self._schemas.size,
            "documents": documents.size,
            "plans": documents.plans,
            "statements": documents.statements,
        }

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
        prepared = self._documents.prepare(operation.document, operation.name, seen, may_write=operation.may_write)
        if isinstance(prepared, Answer):
            return await self._told_why(prepared, operation, principal) if principal.is_restricted else prepared
        given = operation.variables or {}
        check_variables(given, self._document_limits)
        variables = prepared.coercer(given)
        if isinstance(variables, list):
            refused = refusal(variables, ErrorCode.BAD_USER_INPUT)
            return await self._told_why(refused, operation, principal) if principal.is_restricted else refused
        bill = self._till.bill(prepared, seen, variables, principal)
        if operation.costing is Costing.ONLY:
            return only_costed(bill)
        if not bill.spend():
            await bill.pay()
        sent: list[Sent] | None = [] if operation.explaining else None
        try:
            answer = await self._paths.answer(Asked(operation, prepared, variables, seen, principal, bill, sent))
        except Unavailable:
            # Whoever tries again while the database is away must not have spent its budget when it is back.
            bill.give_back()
            raise
        bill.settle(answer)
        if operation.costing is Costing.SILENT and not operation.explaining:
            return answer
        return _extended(answer, operation, bill)

    async def _told_why(self, refused: Answer, operation: Operation, principal: Principal) -> Answer:
        """Return why an operation is refused: for itself, or for what is taken from a restricted principal."""
        whole = principal.unrestricted
        seen = await self._schemas.seen_by(whole.capabilities)
        prepared = self._documents.prepare(operation.document, operation.name, seen, may_write=operation.may_write)
        if isinstance(prepared, Answer):
            return refused
        variables = prepared.coercer(operation.variables or {})
        return refused if isinstance(variables, list) else refused_by(Unavailable(_RESTRICTED))


def _extended(answer: Answer, operation: Operation, bill: Bill) -> Answer:
    """Return an answer with what a client asked to be told beside it."""
    told: dict[str, Any] = {}
    if operation.costing is Costing.TOLD:
        told["cost"] = cost_told(bill)
    if operation.explaining and answer.way is not None:
        told["explain"] = answer.way.told()
    return extended(answer, told) if told else answer
