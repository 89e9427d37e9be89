"""The cost of an operation, told where it is asked for; what costs too much is not run."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.embedded import Stack
from resolvers.database import Database
from resolvers.engine import Costing, Engine, Operation
from tests.graph import CURSORS, LIMITS, Asking, Told, serving_url
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH


@pytest_asyncio.fixture(params=[True, False], ids=["compiled", "reference"])
async def ask_within(stack: Stack, sample_database: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    statements: list[str] = []
    database = await Database.open(serving_url(stack, sample_database), observe=statements.append)
    try:
        engine = Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS, compiling=request.param, most_cost=100)
        yield Asking(engine, statements)
    finally:
        await database.close()


async def ask(asking: Asking, document: str, costing: Costing, **variables: object) -> Told:
    asking.statements.clear()
    answer = await asking.engine.execute(Operation(document, None, variables, costing=costing), ADMIN.principal)
    return Told(answer, list(asking.statements))


PAGE = "query ($n: Int!) { orders(first: $n) { nodes { id } } }"


async def test_what_may_cost_too_much_is_refused(ask_within: Asking) -> None:
    assert (await ask_within(PAGE, variables={"n": 100})).data
    told = await ask_within(PAGE, variables={"n": 101})
    assert (told.refusal, told.status, told.statements) == ("TOO_EXPENSIVE", 400, [])
    assert told.errors[0]["extensions"]["cost"] == {"requestedQueryCost": 101, "maximumQueryCost": 100}
    assert "101" in told.errors[0]["message"]


async def test_sizes_out_of_range_are_bad_input_and_not_dear(ask_within: Asking) -> None:
    for size in (0, -1, -(2**31)):
        assert (await ask_within(PAGE, variables={"n": size})).refusal == "BAD_USER_INPUT"


async def test_the_cost_alone(ask_within: Asking) -> None:
    told = await ask(ask_within, PAGE, Costing.ONLY, n=70)
    assert told.statements == []
    assert told.response == {
        "data": None,
        "extensions": {"cost": {"requestedQueryCost": 70, "actualQueryCost": None}},
    }


async def test_the_cost_beside_the_data(ask_within: Asking) -> None:
    told = await ask(ask_within, PAGE, Costing.TOLD, n=70)
    rows = len(told.data["orders"]["nodes"])
    assert rows == 60
    cost = told.response["extensions"]["cost"]
    assert cost["requestedQueryCost"] == 70
    assert rows <= cost["actualQueryCost"] <= rows + 3
    without = await ask(ask_within, PAGE, Costing.SILENT, n=70)
    assert json.loads(without.answer.body) == {"data": told.data}
