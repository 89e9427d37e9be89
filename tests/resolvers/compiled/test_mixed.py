"""Operations of which graphql-core answers a part, and rows by their ids: as on the reference path, and in order."""

from collections.abc import Sequence
from typing import Any

import pytest
from graphql import DocumentNode, ExecutionResult, FieldNode, GraphQLError, OperationDefinitionNode, SelectionNode

from resolvers.compiled.operation import CompiledOperation
from resolvers.compiled.planner import Planner
from resolvers.database import Snapshot
from resolvers.documents import Documents, Prepared
from resolvers.schemas import Schemas
from resolvers.ways import NotCompiled
from schema.global_id import global_id
from tests.graph import CURSORS, LIMITS, UNLIMITED, Asking
from tests.model.viewers import ADMIN, CUSTOMER, OPERATIONS, SALES, Viewer
from tests.model.world import GRAPH

MIXED = """query($types: Boolean = true, $id: ID!) {
    z: __typename
    ...Described
    orders(first: 1) { totalCount nodes { id } }
    __type(name: "Order") { kind }
    y: node(id: $id) { id ... on Customer { orders(first: 1) { nodes { id } } } }
    rateLimit { limit }
}
fragment Described on Query { __type(name: "Order") @include(if: $types) { name } __schema { queryType { name } } }"""
ONE = "{ __schema { queryType { name } } orders(first: 1) { nodes { id } } }"
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Order { status customer { id } } } }"
CUSTOMER_ID, ORDER_ID = global_id("Customer", 11), global_id("Order", 1)


def both(compiled: Any, reference: Any) -> None:
    assert (compiled.status, compiled.answer.body) == (reference.status, reference.answer.body)


@pytest.mark.parametrize("types", [True, False])
async def test_parts_stand_in_their_order(ask_compiled: Asking, ask_reference: Asking, types: bool) -> None:
    asked = (MIXED, ADMIN.principal, {"types": types, "id": CUSTOMER_ID})
    compiled = await ask_compiled(*asked)
    both(compiled, await ask_reference(*asked))
    assert len(compiled.statements) == 2


async def test_one_statement_needs_no_transaction(ask_compiled: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Snapshot) -> None:
        pytest.fail("a transaction was begun")

    monkeypatch.setattr(Snapshot, "_begun", refuse)
    assert list((await ask_compiled(ONE)).data) == ["__schema", "orders"]


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER, OPERATIONS], ids=str)
@pytest.mark.parametrize(
    "ids",
    [
        [],
        [ORDER_ID, CUSTOMER_ID, global_id("Order", 2), ORDER_ID, global_id("Order", 4_000_000_000)],
        [global_id("Order", 1), "no id"],
        [global_id("Nothing", 1)],
        [global_id("Order", key) for key in range(1, LIMITS.max_page_size + 2)],
    ],
    ids=["none", "two types", "no id", "no type", "too many"],
)
async def test_rows_stand_in_the_order_of_their_ids(
    ask_compiled: Asking, ask_reference: Asking, viewer: Viewer, ids: list[str]
) -> None:
    compiled = await ask_compiled(NODES, viewer.principal, {"ids": ids})
    both(compiled, await ask_reference(NODES, viewer.principal, {"ids": ids}))
    assert len(compiled.statements) <= 2


async def test_a_statement_is_made_for_each_type_and_kept(ask_compiled: Asking) -> None:
    document = "query Kept($id: ID!) { node(id: $id) { id } }"
    told = {}
    for type_name in ("Order", "Customer", "Order"):
        answer = await ask_compiled(document, variables={"id": global_id(type_name, 11)})
        assert answer.data["node"]["id"] == global_id(type_name, 11)
        told[type_name] = answer.statements
    assert told["Order"] != told["Customer"]


async def prepared(document: str) -> tuple[CompiledOperation, Prepared]:
    seen = await Schemas(GRAPH, LIMITS).seen_by(ADMIN.principal.capabilities)
    documents = Documents(UNLIMITED)
    found = documents.prepare(document, None, seen, may_write=False)
    assert isinstance(found, Prepared)
    return CompiledOperation(Planner(GRAPH, seen, LIMITS, CURSORS, (18, 0)), found), found


def selections(document: DocumentNode) -> Sequence[SelectionNode]:
    [definition] = document.definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition.selection_set.selections


@pytest.mark.parametrize("is_nulled", [True, False])
async def test_a_field_that_fails_tells_where_and_may_null_all(ask_compiled: Asking, is_nulled: bool) -> None:
    operation, found = await prepared(ONE)
    asked: list[DocumentNode] = []

    async def fail(document: DocumentNode, _snapshot: Snapshot) -> ExecutionResult:
        asked.append(document)
        [field] = selections(document)
        error = GraphQLError("It failed.", field, path=["__schema"])
        return ExecutionResult(None if is_nulled else {"__schema": None}, [error])

    variables = found.coercer({})
    assert not isinstance(variables, list)
    ran = await operation.run(ask_compiled.engine._paths.database, variables, ADMIN.principal, fail)
    [error] = ran.errors
    assert error.locations is not None
    assert (error.path, error.locations[0].column) == (["__schema"], 3)
    assert ran.data.startswith(b"null" if is_nulled else b'{"__schema":null,"orders":{"nodes":[{')
    [document] = asked
    assert [type(one) for one in selections(document)] == [FieldNode]


async def test_an_operation_without_rows_is_left_as_a_whole(ask_compiled: Asking) -> None:
    async def execute(_document: DocumentNode, _snapshot: Snapshot) -> ExecutionResult:
        pytest.fail("a part was executed")

    operation, found = await prepared("{ __typename __schema { queryType { name } } }")
    variables = found.coercer({})
    assert not isinstance(variables, list)
    with pytest.raises(NotCompiled):
        await operation.run(ask_compiled.engine._paths.database, variables, ADMIN.principal, execute)


async def test_nobody_waits_with_a_connection_for_what_needs_none(ask_compiled: Asking) -> None:
    database = ask_compiled.engine._paths.database
    taken: list[int] = []

    async def execute(_document: DocumentNode, _snapshot: Snapshot) -> ExecutionResult:
        taken.append(database.pool.size - database.pool.free)
        return ExecutionResult({"__schema": None}, None)

    operation, found = await prepared(ONE.replace("orders", "customers(first: 1) { nodes { id } } orders"))
    variables = found.coercer({})
    assert not isinstance(variables, list)
    ran = await operation.run(database, variables, ADMIN.principal, execute)
    assert ran.data.startswith(b'{"__schema":null,"customers":{"nodes":[{')
    assert taken == [0]
