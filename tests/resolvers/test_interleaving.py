"""Operations that run at the same time on one engine have nothing of each other, nor of those before them."""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from app.embedded import Stack
from resolvers.database import Database
from resolvers.engine import Operation
from tests.graph import Asking, asking, new_engine, serving_url
from tests.model.viewers import ADMIN, CUSTOMER, VIEWERS, Viewer, rows_of
from tests.model.world import GRAPH, World, as_id
from tests.sample import new_sample

PATHS = pytest.mark.parametrize("compiling", [False, True], ids=["reference", "compiled"])
ROUNDS = 4
DOCUMENT = """query($first: Int) {
    orders(first: $first) { totalCount nodes { id customer { id } items(first: 200) { nodes { id } } } }
}"""


def can_read_orders(viewer: Viewer) -> bool:
    model = GRAPH.seen_by(viewer.principal.capabilities).models.get("Order")
    return model is not None and model.readable and "customer" in model.links


READERS = [viewer for viewer in VIEWERS if can_read_orders(viewer)]


def expected(viewer: Viewer) -> object:
    world, model = World(viewer.sees), GRAPH["Order"]
    rows = world.rows(model)
    customer, items = model.links["customer"], model.links["items"]
    return {
        "totalCount": len(rows),
        "nodes": [
            {
                "id": as_id(model, row),
                "customer": next(({"id": as_id(GRAPH["Customer"], one)} for one in world.linked(customer, row)), None),
                "items": {"nodes": [{"id": as_id(GRAPH["OrderItem"], one)} for one in world.linked(items, row)]},
            }
            for row in rows
        ],
    }


@PATHS
async def test_many_principals_at_once(stack: Stack, sample_database: str, compiling: bool) -> None:
    """Their schemas are built at once too: nothing is prepared when they come."""
    database = await Database.open(serving_url(stack, sample_database), max_size=4, acquire_timeout=30)
    engine = new_engine(database, compiling=compiling)
    viewers = READERS * ROUNDS
    random.Random(7).shuffle(viewers)
    answers = await asyncio.gather(
        *(engine.execute(Operation(DOCUMENT, variables={"first": 200}), viewer.principal) for viewer in viewers)
    )
    await database.close()
    assert len(READERS) > 8
    for viewer, answer in zip(viewers, answers, strict=True):
        assert json.loads(answer.body) == {"data": {"orders": expected(viewer)}}, viewer.name


@pytest.fixture
def own_database(stack: Stack, migrated_template: str) -> Iterator[str]:
    with new_sample(stack, migrated_template) as url:
        yield url


@PATHS
async def test_what_was_changed_is_seen_at_once(stack: Stack, own_database: str, compiling: bool) -> None:
    """Rows, and what decides which rows are seen: the region of a pharmacy, or its tier."""
    document = "{ customer(id: $id) { name tier { name } } pricesAggregate { count } }".replace(
        "$id", f'"{as_id(GRAPH["Customer"], {"id": CUSTOMER.principal.customer_id})}"'
    )
    async with asking(serving_url(stack, own_database), compiling=compiling) as ask:
        before = (await ask(document, CUSTOMER.principal)).data
        with psycopg.connect(own_database) as connection:
            connection.execute("update customers set name = 'Outra', tier_id = 3 where id = 14")
        after = (await ask(document, CUSTOMER.principal)).data
        everything = (await ask(document, ADMIN.principal)).data
    assert before["customer"]["tier"] == {"name": "BRONZE"}
    assert after["customer"] == everything["customer"] == {"name": "Outra", "tier": {"name": "GOLD"}}
    prices = [row["customer_tier_id"] for row in rows_of("pricing", ADMIN.sees)]
    assert before["pricesAggregate"] == [{"count": prices.count(None) + prices.count(1)}]
    assert after["pricesAggregate"] == [{"count": prices.count(None) + prices.count(3)}]
    assert everything["pricesAggregate"] == [{"count": len(prices)}]


@PATHS
async def test_an_operation_that_fails_takes_nothing_from_another_field(
    stack: Stack, sample_database: str, compiling: bool
) -> None:
    """Fields share what they load; one that is refused must not end the loading for the others."""
    document = """query($first: Int!) {
        a: order(id: "T3JkZXI6MQ==") { customer { name } items(first: $first) { totalCount nodes { id } } }
        b: order(id: "T3JkZXI6MQ==") { customer { name } }
    }"""
    async with asking(serving_url(stack, sample_database), compiling=compiling) as ask:
        told = await ask(document, ADMIN.principal, {"first": -1})
        assert told.refusal == "BAD_USER_INPUT"
        assert (await ask(document, ADMIN.principal, {"first": 1})).data["b"]["customer"]


async def test_others_run_while_the_statements_of_an_operation_are_made(ask_compiled: Asking) -> None:
    """Making all of them, each with a large filter, would take seconds in which nobody else is answered."""
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    turns = 0
    seen: list[int] = []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    engine._paths = replace(engine._paths, on_kept=lambda _: seen.append(turns))
    others = asyncio.create_task(take_turns())
    ids = [as_id(GRAPH[name], {"id": 1}) for name in ("Order", "Customer", "Product")]
    document = """query ($ids: [ID!]!) {
        a: orders(first: 1) { nodes { id } } b: orders(first: 2) { nodes { id } } nodes(ids: $ids) { id }
    }"""
    answer = await engine.execute(Operation(document, variables={"ids": ids}), ADMIN.principal)
    others.cancel()
    assert answer.status == 200
    # The plan, and then a statement for each field and type.
    assert len(seen) == 6
    assert len({*seen[1:]}) == 5
