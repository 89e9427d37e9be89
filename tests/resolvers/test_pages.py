"""How many rows and groups an operation may ask for, up to the last one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.embedded import Stack
from resolvers.database import Database
from resolvers.pages import Limits
from tests.graph import Asking, new_engine, serving_url
from tests.sample import SAMPLE

ORDERS = len(SAMPLE["orders"])
PATHS = pytest.mark.parametrize("compiling", [False, True], ids=["reference", "compiled"])


@asynccontextmanager
async def asking(stack: Stack, owner_url: str, most: int, *, compiling: bool) -> AsyncIterator[Asking]:
    database = await Database.open(serving_url(stack, owner_url))
    limits = Limits(page_size=3, max_page_size=most)
    yield Asking(new_engine(database, limits=limits, compiling=compiling), [])
    await database.close()


@PATHS
async def test_as_many_rows_and_groups_as_may_be(stack: Stack, sample_database: str, compiling: bool) -> None:
    async with asking(stack, sample_database, ORDERS, compiling=compiling) as ask:
        told = await ask(
            f"""{{
                short: orders {{ nodes {{ id }} pageInfo {{ hasNextPage }} }}
                long: orders(first: {ORDERS}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }}
                ordersAggregate(groupBy: {{field: ID}}) {{ count }}
                first: ordersAggregate(groupBy: {{field: ID}}, first: {ORDERS}) {{ count }}
            }}"""
        )
        assert [len(told.data[name]["nodes"]) for name in ("short", "long")] == [3, ORDERS]
        assert [told.data[name]["pageInfo"]["hasNextPage"] for name in ("short", "long")] == [True, False]
        assert [len(told.data[name]) for name in ("ordersAggregate", "first")] == [ORDERS, ORDERS]


@PATHS
async def test_one_more_is_refused(stack: Stack, sample_database: str, compiling: bool) -> None:
    most = ORDERS - 1
    async with asking(stack, sample_database, most, compiling=compiling) as ask:
        for selection in (f"orders(first: {ORDERS})", f"orders(last: {ORDERS})"):
            told = await ask(f"{{ {selection} {{ totalCount }} }}")
            assert told.refusal == "BAD_USER_INPUT"
            assert told.errors[0]["message"].endswith(f"is out of range: ask for 1 to {most} rows.")
        told = await ask("{ ordersAggregate(groupBy: {field: ID}) { count } }")
        assert told.refusal == "BAD_USER_INPUT"
        assert told.errors[0]["message"] == (
            f"There are more than {most} groups: group more coarsely, filter, or pass `first`."
        )
        told = await ask(f"{{ ordersAggregate(groupBy: {{field: ID}}, first: {most}) {{ count }} }}")
        assert len(told.data["ordersAggregate"]) == most
