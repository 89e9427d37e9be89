"""Operations whose root fields are compiled: planned once for each shape of their variables, then run."""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import GraphQLInputType, type_from_ast
from graphql.execution.values import VariableValues

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.groups import GroupCompiler
from resolvers.compiled.paging import Paging
from resolvers.compiled.rows import RowCompiler
from resolvers.compiled.selections import Selected, Selections
from resolvers.compiled.slots import Inputs, Parameters, shape_of, slotted
from resolvers.compiled.statement import Statement, statement_of
from resolvers.cursors import Cursors
from resolvers.database import Database, Planning, Snapshot, Texts, Version
from resolvers.documents import Prepared
from resolvers.pages import Limits
from resolvers.schemas import SeenSchema
from resolvers.sql.scope import Scope, claim_value
from schema.model import Graph
from security.principal import Principal

_ABSENT: Hashable = object()
"""The shape of a variable that was not given, which is not that of any value."""

_MOST_PLANS_OF_A_SHAPE = 16
_MOST_PLANS = 256
"""Plans that are kept of one operation; clients that send ever new shapes must not fill the memory."""


class NotCompiled(Exception):
    """The operation needs the reference path."""


@dataclass(frozen=True)
class Root:
    """A root field: its key in the response, and its statement, or its JSON where that is known without one."""

    key: bytes
    statement: Statement | None
    known: bytes = b""
    is_optional: bool = False

    def missing(self) -> bytes:
        """Return the JSON of a field whose statement gave nothing."""
        if self.is_optional:
            return b"null"
        raise NotCompiled("a field that must have a value has none")


@dataclass(frozen=True)
class Plan:
    """The statements of an operation for one shape of its variables."""

    roots: tuple[Root, ...]


@dataclass
class CompiledOperation:
    """An operation and its plans; shared by all principals of the same capabilities."""

    everything: Graph
    seen: SeenSchema
    prepared: Prepared
    limits: Limits
    cursors: Cursors
    version: Version
    _plans: OrderedDict[Hashable, list[Plan]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        definitions = self.prepared.operation.variable_definitions or ()
        self._types = {
            definition.variable.name.value: cast("GraphQLInputType", type_from_ast(self.seen.schema, definition.type))
            for definition in definitions
        }
        self._words: Collection[str] = frozenset(
            field.words.__name__ for model in self.everything for field in model.fields.values() if field.words
        )
        self._roots = {
            name: (kind, model)
            for model in self.seen.graph
            for name, kind in (
                (model.singular, "row"),
                (model.plural, "connection"),
                (f"{model.plural}Aggregate", "groups"),
            )
        }

    async def run(self, database: Database, variables: VariableValues, principal: Principal) -> bytes:
        """Return the response's data as JSON; raise `NotCompiled` or `BadUserInput` where the reference path must."""
        plan, inputs = self._planned(variables, principal)
        if len(plan.roots) == 1 and (statement := plan.roots[0].statement):
            [one] = inputs
            texts = await database.fetch(principal, statement.planning, statement.sql, statement.arguments(one))
            return _object(plan, [self._json(plan.roots[0], statement, texts, one)])
        async with database.snapshot(principal) as snapshot:
            parts = [await self._answer(snapshot, root, one) for root, one in zip(plan.roots, inputs, strict=True)]
        return _object(plan, parts)

    async def _answer(self, snapshot: Snapshot, root: Root, inputs: Inputs) -> bytes:
        statement = root.statement
        if statement is None:
            return root.known
        texts = await snapshot.fetch_texts(statement.sql, statement.arguments(inputs))
        return self._json(root, statement, texts, inputs)

    def _json(self, root: Root, statement: Statement, texts: Texts | None, inputs: Inputs) -> bytes:
        found = None if texts is None else statement.json(texts, self.cursors, inputs.variables)
        return root.missing() if found is None else found

    def _planned(self, variables: VariableValues, principal: Principal) -> tuple[Plan, list[Inputs]]:
        """Return the plan for the shape of the variables and of the principal's claims, with the inputs of a run."""
        plans = self._plans_for(self._shape(variables.coerced, principal))
        for plan in plans:
            inputs = self._inputs(plan, variables, principal)
            if inputs is not None:
                return plan, inputs
        plan = self._plan(variables, principal)
        plans[:] = [*plans[-_MOST_PLANS_OF_A_SHAPE + 1 :], plan]
        inputs = self._inputs(plan, variables, principal)
        if inputs is None:
            raise NotCompiled("cursors that do not fit their own plan")
        return plan, inputs

    def _shape(self, coerced: Mapping[str, Any], principal: Principal) -> Hashable:
        shapes = [
            shape_of(coerced[name], type_, self._words) if name in coerced else _ABSENT
            for name, type_ in self._types.items()
        ]
        return (*shapes, _claims_given(principal))

    def _plans_for(self, shape: Hashable) -> list[Plan]:
        """Return the plans of a shape, in a list that is kept."""
        plans = self._plans.get(shape)
        if plans is None:
            plans = self._plans[shape] = []
            if len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(shape)
        return plans

    def _inputs(self, plan: Plan, variables: VariableValues, principal: Principal) -> list[Inputs] | None:
        """Return the inputs of a run; None where its cursors have missing values at other places than the plan's."""
        found = []
        for root in plan.roots:
            opened: list[list[Any]] = []
            for cursor in root.statement.opened if root.statement else ():
                values = cursor.values(self.cursors, variables.coerced)
                if tuple(value is None for value in values) != cursor.nulls:
                    return None
                opened.append(values)
            inputs = Inputs(variables.coerced, lambda claim: claim_value(principal, claim), opened)
            if root.statement and not all(holds(inputs) for holds in root.statement.conditions):
                return None
            found.append(inputs)
        return found

    def _plan(self, variables: VariableValues, principal: Principal) -> Plan:
        with_slots = VariableValues(
            variables.sources,
            {
                name: slotted(value, self._types[name], (name,), self._words)
                for name, value in variables.coerced.items()
            },
        )
        prepared = self.prepared
        selections = Selections(self.seen.schema, prepared.document, prepared.operation, with_slots)
        return Plan(tuple(self._root(one, selections, variables, principal) for one in selections.roots()))

    def _root(
        self, selected: Selected, selections: Selections, variables: VariableValues, principal: Principal
    ) -> Root:
        key = f'"{selected.key}":'.encode()
        if selected.name == "__typename":
            return Root(key, None, b'"Query"')
        if selected.name not in self._roots:
            raise NotCompiled(selected.name)
        kind, model = self._roots[selected.name]
        bind = Parameters()
        inputs = Inputs(variables.coerced, lambda claim: claim_value(principal, claim), [])
        paging = Paging(self.limits, self.cursors, inputs, bind)
        scope = Scope(self.everything, self.seen.graph, principal, bind=bind)
        connections = ConnectionCompiler(scope, selections, paging)
        match kind:
            case "row":
                compiled = RowCompiler(connections).root(model, selected)
            case "connection":
                compiled = connections.root(model, selected)
            case _:
                compiled = GroupCompiler(replace(scope, totals=True), connections).root(model, selected)
        is_keyed = kind != "groups" and not paging.is_filtered
        planning = Planning.ONCE if is_keyed else Planning.EACH_TIME
        return Root(key, statement_of(compiled, paging, planning, self.version), is_optional=kind == "row")


def _claims_given(principal: Principal) -> tuple[bool, bool, bool]:
    """Return which claims there are: what an absent one compares with is another statement."""
    return bool(principal.customer_id), bool(principal.regions), bool(principal.warehouse_ids)


def _object(plan: Plan, parts: list[bytes]) -> bytes:
    return b"{" + b",".join(root.key + part for root, part in zip(plan.roots, parts, strict=True)) + b"}"
