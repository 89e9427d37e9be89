"""A field that the compiler does not know sends its operation to the reference path, wherever it stands."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from graphql import GraphQLField, GraphQLInt, GraphQLObjectType

from resolvers.engine import Engine, Operation
from resolvers.schemas import Schemas
from resolvers.ways import Path, Reason
from tests.graph import LIMITS, Asking, new_engine
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH

EXTENDED = ("Order", "OrderConnection", "OrderEdge", "PageInfo", "OrderAggregate")


@pytest_asyncio.fixture
async def engine(ask_compiled: Asking) -> AsyncIterator[Engine]:
    """An engine whose schema has a field `extra` that nothing derived."""
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    engine._schemas = Schemas(GRAPH, LIMITS)
    schema = (await engine._schemas.seen_by(ADMIN.principal.capabilities)).schema
    for name in EXTENDED:
        type_ = schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        type_.fields["extra"] = GraphQLField(GraphQLInt, resolve=lambda *_: 5)
    yield engine


@pytest.mark.parametrize(
    "document",
    [
        "{ orders(first: 1) { extra } }",
        "{ orders(first: 1) { nodes { extra } } }",
        "{ orders(first: 1) { edges { extra } } }",
        "{ orders(first: 1) { pageInfo { hasNextPage extra } } }",
        "{ orders(first: 1) { pageInfo { extra } totalCount } }",
        "{ customers(first: 1) { nodes { orders(first: 1) { nodes { id extra } } } } }",
        "{ ordersAggregate { count extra } }",
    ],
)
async def test_it_is_answered_by_graphql_core(engine: Engine, document: str) -> None:
    answer = await engine.execute(Operation(document), ADMIN.principal)
    assert answer.status == 200, answer.body
    assert answer.way is not None
    assert (answer.way.path, answer.way.reason) == (Path.REFERENCE, Reason.UNKNOWN_FIELD)
    assert '"extra": 5' in json.dumps(json.loads(answer.body))
