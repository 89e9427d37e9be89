"""Operations whose root fields are compiled: planned once for each shape of their variables, then run."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLInputType, OperationType, type_from_ast
from graphql.execution.values import VariableValues, VariableValueSource

from resolvers.coercion import Coerced
from resolvers.compiled.parts import Chunks
from resolvers.compiled.planner import BEFORE, BEHIND, Plan, Planner
from resolvers.compiled.roots import LeftRoot, Tell
from resolvers.compiled.selections import Selections
from resolvers.compiled.slots import Shapes, Supplied, slotted
from resolvers.compiled.variants import Call
from resolvers.database import Database, Snapshot
from resolvers.documents import Prepared
from resolvers.ways import NotCompiled, Reason, Sent, compiling
from security.principal import Principal

_ABSENT: Hashable = object()
"""The shape of a variable that was not given, which is not that of any value."""

_BESIDE_SHAPE = 1_000
"""Characters that stand for what a plan has whatever the shape of its variables."""

_MOST_PLANS = 64
"""Plans that are kept of one operation; clients that send ever new shapes must not fill the memory."""

Executing = Callable[[DocumentNode, Snapshot], Awaitable[ExecutionResult]]
"""Executes an operation by graphql-core on a snapshot."""


class Ran(NamedTuple):
    """What an operation came to: a response with its data, and the errors of fields that were left to graphql-core."""

    response: bytes
    errors: Sequence[GraphQLError] = ()

    @property
    def data(self) -> bytes:
        """The data alone."""
        return self.response[len(BEFORE) : -len(BEHIND)]


class _Called(NamedTuple):
    """What a root field is at one run, with its statements made."""

    calls: Sequence[Call]
    tell: Tell


class _Kept(NamedTuple):
    """A plan and its size in characters, without its statements: it has a slot for each value in its shape."""

    plan: Plan
    size: int


@dataclass
class CompiledOperation:
    """An operation and its plans; shared by all principals of the same capabilities."""

    planner: Planner
    prepared: Prepared
    _plans: OrderedDict[Hashable, _Kept] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        schema = self.planner.seen.schema
        definitions = self.prepared.operation.variable_definitions or ()
        self._types = {
            definition.variable.name.value: cast("GraphQLInputType", type_from_ast(schema, definition.type))
            for definition in definitions
        }
        self._words: Collection[str] = frozenset(
            field.words.__name__ for model in self.planner.everything for field in model.fields.values() if field.words
        )
        shapes = Shapes(self._words)
        self._shapes = {name: shapes.of(type_) for name, type_ in self._types.items()}

    @property
    def plans(self) -> int:
        """How many plans are kept."""
        return len(self._plans)

    @property
    def statements(self) -> int:
        """How many statements are kept with them."""
        return sum(1 for kept in self._plans.values() for _ in kept.plan.statements)

    @property
    def size(self) -> int:
        """How much is kept with it, in characters."""
        return sum(kept.size + sum(one.size for one in kept.plan.statements) for kept in self._plans.values())

    async def run(
        self,
        database: Database,
        variables: Coerced,
        principal: Principal,
        execute: Executing,
        sent: list[Sent] | None = None,
    ) -> Ran:
        """Return the response's data; raise `NotCompiled` or `BadUserInput` where the reference path must answer.

        Fields that are left to graphql-core are executed by `execute`. Compiled statements are added to `sent`.
        """
        plan = self._plan_for(variables, principal)
        supplied = Supplied(variables, principal)
        only = plan.only
        if only is not None and sent is None:
            # Most operations, in the fewest steps.
            statement, inputs, _ = only.variants.call(supplied)
            rows = await database.fetch(principal, statement.planning, statement.sql, statement.arguments(inputs))
            return Ran(plan.response((only.told(statement.json(rows, self.planner.cursors, inputs)),)))
        asked = await _asked(plan, supplied)
        calls = [call for one in asked for call in one.calls]
        if sent is not None:
            sent += [_sent(root.key, call) for root, one in zip(plan.roots, asked, strict=True) for call in one.calls]
        if len(calls) == 1 and plan.left is None:
            return Ran(plan.response(self._told(asked, [await self._alone(database, principal, calls[0])])))
        async with database.snapshot(principal) as snapshot:
            if len(calls) == 1 and not plan.left_reads:
                found = [await self._alone(database, principal, calls[0])]
            else:
                found = [await self._among(snapshot, call) for call in calls]
            parts = self._told(asked, found)
            if plan.left is None:
                return Ran(plan.response(parts))
            if not plan.left_reads:
                # It is the warehouse, for one, that is waited for then, and by nobody with a connection.
                await snapshot.close()
            return await _mixed(plan, parts, execute, snapshot)

    async def _alone(self, database: Database, principal: Principal, call: Call) -> Chunks | None:
        statement = call.statement
        rows = await database.fetch(principal, statement.planning, statement.sql, statement.arguments(call.inputs))
        return statement.json(rows, self.planner.cursors, call.inputs)

    async def _among(self, snapshot: Snapshot, call: Call) -> Chunks | None:
        statement = call.statement
        rows = await snapshot.fetch_texts(statement.sql, statement.arguments(call.inputs))
        return statement.json(rows, self.planner.cursors, call.inputs)

    @staticmethod
    def _told(asked: Sequence[_Called], found: Sequence[Chunks | None]) -> list[Chunks]:
        if len(asked) == 1:
            return [asked[0].tell(found)]
        answers = iter(found)
        return [one.tell([next(answers) for _ in one.calls]) for one in asked]

    def _plan_for(self, variables: Coerced, principal: Principal) -> Plan:
        """Return the plan for the shape of the variables and of the principal's claims."""
        shape = self._shape(variables, principal)
        kept = self._plans.get(shape)
        if kept is not None:
            self._plans.move_to_end(shape)
            return kept.plan
        with compiling():
            plan = self._plan(variables)
        size = _BESIDE_SHAPE + len(repr(shape))
        self.planner.on_kept(size)
        self._plans[shape] = _Kept(plan, size)
        if len(self._plans) > _MOST_PLANS:
            self._plans.popitem(last=False)
        return plan

    def _shape(self, coerced: Coerced, principal: Principal) -> Hashable:
        shapes: list[Hashable] = [
            shape(coerced[name]) if name in coerced else _ABSENT for name, shape in self._shapes.items()
        ]
        shapes += principal.claims_given
        return tuple(shapes)

    def _plan(self, variables: Coerced) -> Plan:
        prepared = self.prepared
        if prepared.operation.operation is not OperationType.QUERY:
            raise NotCompiled(Reason.NO_QUERY)
        # The plan is kept, and holds no value of whoever asks first.
        sources = {name: VariableValueSource(one) for name, one in prepared.coercer.signatures.items()}
        coerced = {name: slotted(value, self._types[name], (name,), self._words) for name, value in variables.items()}
        with_slots = VariableValues(sources, coerced)
        selections = Selections(self.planner.seen.schema, prepared.document, prepared.operation, with_slots)
        return self.planner.plan(prepared, selections)


async def _asked(plan: Plan, supplied: Supplied) -> list[_Called]:
    """Return what the root fields are at this run, after their statements were made where they have to be."""
    found: list[_Called] = []
    for root in plan.roots:
        one = root.asked(supplied)
        calls: list[Call] = []
        for call in one.calls:
            calls.append(call)
            if call.is_new:
                # Making one with large filters takes a tenth of a second, and there may be as many as root fields.
                await asyncio.sleep(0)
        found.append(_Called(calls, one.tell))
    return found


def _sent(field: str, call: Call) -> Sent:
    planning = call.statement.planning.name.lower()
    return Sent(call.statement.sql, field, "new" if call.is_new else "kept", planning)


async def _mixed(plan: Plan, parts: Sequence[Chunks], execute: Executing, snapshot: Snapshot) -> Ran:
    """Return the compiled fields with those that are left to graphql-core; of these one may null them all."""
    result = await execute(cast("DocumentNode", plan.left), snapshot)
    errors = result.errors or ()
    if result.data is None:
        return Ran(BEFORE + b"null" + BEHIND, errors)
    return Ran(plan.response(_spliced(plan, parts, result.data)), errors)


def _spliced(plan: Plan, parts: Sequence[Chunks], left: Mapping[str, Any]) -> list[Chunks]:
    return [
        (orjson.dumps(left[root.key]),) if isinstance(root, LeftRoot) else part
        for root, part in zip(plan.roots, parts, strict=True)
    ]
