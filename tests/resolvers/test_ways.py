"""An operation that is not compiled tells so, and why, to developers who ask and in the metrics: each reason does."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Never

import pytest
from graphql import GraphQLField, GraphQLInt, GraphQLObjectType, GraphQLSchema

from app.metrics import MeteredExecutor, Metrics
from resolvers.compiled.operation import CompiledOperation
from resolvers.compiled.planner import Planner
from resolvers.compiled.statement import Statement, statement_of
from resolvers.compiled.variants import Variants
from resolvers.engine import Engine, Operation
from resolvers.pages import Limits
from resolvers.schemas import Schemas
from resolvers.ways import COMPILED, Path, Reason
from tests.graph import LIMITS, Asking, new_engine
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH

Patch = pytest.MonkeyPatch
EXTRA = GraphQLField(GraphQLInt, resolve=lambda *_: 5)
FEED = "{ orders(first: 1) { nodes { id } } }"
TWO = "{ orders(first: 1) { nodes { id } } products(first: 1) { nodes { id } } }"
SECRET = "SEGREDO"
FEW = Limits(page_size=2, max_page_size=2)


@dataclass(frozen=True)
class Case:
    """What leads to a reason: an operation, of an engine that is made for it."""

    document: str
    status: int = 200
    limits: Limits = LIMITS
    compiling: bool = True
    extend: Callable[[GraphQLSchema], None] | None = None
    plant: Callable[[Patch], None] = lambda _: None

    async def engine(self, ask: Asking) -> Engine:
        """Return the engine, over the sample."""
        made = new_engine(ask.engine._paths.database, limits=self.limits, compiling=self.compiling)
        if self.extend is not None:
            made._schemas = Schemas(GRAPH, self.limits)
            self.extend((await made._schemas.seen_by(ADMIN.principal.capabilities)).schema)
        return made


def extend_orders(schema: GraphQLSchema) -> None:
    type_ = schema.type_map["Order"]
    assert isinstance(type_, GraphQLObjectType)
    type_.fields["extra"] = EXTRA


def extend_by_mutation(schema: GraphQLSchema) -> None:
    schema.mutation_type = GraphQLObjectType("Mutation", {"extra": EXTRA})


def fail(*_: Any, **__: Any) -> Never:
    raise KeyError(SECRET)


def break_planner(patch: Patch) -> None:
    patch.setattr(Planner, "plan", fail)


def break_compiler(patch: Patch) -> None:
    patch.setattr(Planner, "_statement", fail)


def break_operations(patch: Patch) -> None:
    patch.setattr(CompiledOperation, "__post_init__", fail)


def break_statements(patch: Patch) -> None:
    def made(*given: Any) -> Statement:
        return replace(statement_of(*given), sql=f"select '{SECRET}' from nowhere")

    patch.setattr("resolvers.compiled.planner.statement_of", made)


def parents(depth: int) -> str:
    """Return a document with so many links within each other, which the usual limits of documents refuse."""
    return "{ categories { nodes " + "{ parent " * depth + "{ id }" + " }" * depth + " } }"


def filtered(number: int) -> str:
    """Return a document with so many filters of two conditions each in one root field."""
    links = (f'one{at}: orders(where: {{total: {{gt: "{at}"}}}}) {{ nodes {{ id }} }}' for at in range(number))
    return f"{{ customers(first: 1) {{ nodes {{ {' '.join(links)} }} }} }}"


BY_OPERATIONS = {
    Reason.SWITCHED_OFF: Case(FEED, compiling=False),
    Reason.NO_COMPILED_FIELD: Case("{ __schema { queryType { name } } }"),
    Reason.UNUSABLE_VALUE: Case('{ product(id: "no id") { id } }', status=400),
    Reason.NO_VALUE: Case("{ categoriesAggregate(groupBy: {field: ID}) { count } }", status=400, limits=FEW),
    Reason.TOO_DEEP: Case(parents(120)),
    Reason.TOO_LARGE: Case(filtered(3), limits=FEW),
}
"""What operations lead to, one of them only where documents may be larger than usual."""

BY_FAULTS = {
    Reason.UNKNOWN_FIELD: Case("{ orders(first: 1) { nodes { extra } } }", extend=extend_orders),
    Reason.NO_QUERY: Case("mutation { extra }", extend=extend_by_mutation),
    Reason.UNFIT: Case(FEED, plant=lambda patch: patch.setattr(Variants, "_inputs", lambda *_: None)),
    Reason.FAULT: Case(FEED, plant=break_planner),
}
"""What no operation leads to: the derived schema has no such field and no mutations, and statements fit."""

CASES = BY_OPERATIONS | BY_FAULTS


def counted(metrics: Metrics, path: Path, reason: Reason | None) -> float | None:
    labels = {"path": path.value, "reason": reason.value if reason else ""}
    return metrics.registry.get_sample_value("gateway_operation_paths_total", labels)


@pytest.mark.parametrize("reason", Reason)
async def test_each_reason_is_told_and_counted(ask_compiled: Asking, monkeypatch: Patch, reason: Reason) -> None:
    case = CASES[reason]
    case.plant(monkeypatch)
    metrics = Metrics({})
    executor = MeteredExecutor(await case.engine(ask_compiled), metrics)

    answer = await executor.execute(Operation(case.document, explaining=True), ADMIN.principal)

    response: dict[str, Any] = json.loads(answer.body)
    assert answer.status == case.status, response
    explained = response["extensions"]["explain"]
    assert (explained["path"], explained["reason"]) == ("reference", reason.value)
    assert counted(metrics, Path.REFERENCE, reason) == 1


async def test_filters_are_compiled_up_to_twice_the_size_of_one(ask_compiled: Asking) -> None:
    engine = new_engine(ask_compiled.engine._paths.database, limits=FEW, compiling=True)
    answer = await engine.execute(Operation(filtered(2)), ADMIN.principal)
    assert (answer.status, answer.way) == (200, COMPILED)


async def test_a_compiled_operation_has_no_reason(ask_compiled: Asking) -> None:
    metrics = Metrics({})
    answer = await MeteredExecutor(ask_compiled.engine, metrics).execute(
        Operation(FEED, explaining=True), ADMIN.principal
    )
    explained = json.loads(answer.body)["extensions"]["explain"]
    assert (explained["path"], "reason" in explained) == ("compiled", False)
    assert counted(metrics, Path.COMPILED, None) == 1


@pytest.mark.parametrize("reason", [reason for reason, case in CASES.items() if case.status == 200])
async def test_the_answer_is_that_of_the_reference_path(
    ask_compiled: Asking, monkeypatch: Patch, reason: Reason
) -> None:
    case = CASES[reason]
    case.plant(monkeypatch)
    engine = await case.engine(ask_compiled)
    reference = new_engine(ask_compiled.engine._paths.database, limits=case.limits, compiling=False)
    reference._schemas = engine._schemas
    asked = Operation(case.document)
    assert (await engine.execute(asked, ADMIN.principal)).body == (await reference.execute(asked, ADMIN.principal)).body


@pytest.mark.parametrize("plant", [break_planner, break_compiler, break_operations, break_statements])
@pytest.mark.parametrize("document", [FEED, TWO])
async def test_a_fault_of_the_compiler_costs_no_answer_and_is_logged(
    ask_compiled: Asking,
    monkeypatch: Patch,
    caplog: pytest.LogCaptureFixture,
    plant: Callable[[Patch], None],
    document: str,
) -> None:
    expected = (await ask_compiled.engine.execute(Operation(document), ADMIN.principal)).body
    plant(monkeypatch)
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)

    for _ in range(2):
        caplog.clear()
        answer = await engine.execute(Operation(document), ADMIN.principal)

        assert (answer.status, answer.body) == (200, expected)
        assert answer.way is not None
        assert answer.way.reason is Reason.FAULT
        [fault] = [record for record in caplog.records if record.msg == "internal fault"]
        assert SECRET not in str(vars(fault))
