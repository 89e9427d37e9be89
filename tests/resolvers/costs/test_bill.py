"""The bill: what an operation has cost in the end, however it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql

from app.embedded import Stack
from resolvers.database import Database
from resolvers.engine import Engine, Operation
from security.budgets import Budgets, LocalBuckets
from tests.graph import CURSORS, LIMITS, serving_url
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH

ASKED = Operation("{ orders(first: 50) { nodes { id } } }")
PATHS = pytest.mark.parametrize("compiling", [False, True], ids=["reference", "compiled"])


@dataclass
class Paying:
    """An engine whose callers pay, and what the caller has left of its budget."""

    engine: Engine
    budgets: Budgets

    async def cost(self, asked: Operation = ASKED) -> tuple[int, int]:
        """Ask, and return the status and what it has cost."""
        before = self.left
        answer = await self.engine.execute(asked, ADMIN.principal)
        return answer.status, before - self.left

    @property
    def left(self) -> int:
        [account] = self.budgets.wallet(ADMIN.principal)._accounts
        return account.held


@asynccontextmanager
async def paying(url: str, *, compiling: bool, **options: Any) -> AsyncIterator[Paying]:
    database = await Database.open(url, max_size=1, **options)
    budgets = Budgets(LocalBuckets(clock=lambda: 0.0))
    engine = Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS, compiling=compiling, budgets=budgets)
    try:
        # The first one fetches tokens.
        assert (await engine.execute(ASKED, ADMIN.principal)).executed
        yield Paying(engine, budgets)
    finally:
        await asyncio.wait_for(database.close(), 30)


@pytest.fixture
def url(stack: Stack, migrated_database: str) -> str:
    return serving_url(stack, migrated_database)


@PATHS
async def test_what_is_not_there_costs_nothing(url: str, *, compiling: bool) -> None:
    async with paying(url, compiling=compiling) as payer:
        status, cost = await payer.cost()
        assert (status, cost < 10) == (200, True)


@PATHS
async def test_what_took_too_long_costs_all(url: str, migrated_database: str, *, compiling: bool) -> None:
    async with paying(url, compiling=compiling, statement_timeout_ms=200) as payer:
        with psycopg.connect(migrated_database) as connection:
            connection.execute("lock table orders in access exclusive mode")
            status, cost = await payer.cost()
        assert (status, cost >= 50) == (504, True)


@PATHS
async def test_what_the_database_does_not_answer_costs_the_least(
    url: str, migrated_database: str, *, compiling: bool
) -> None:
    async with paying(url, compiling=compiling) as payer:
        with psycopg.connect(migrated_database, autocommit=True) as connection:
            name = sql.Identifier(connection.info.dbname)
            connection.execute(sql.SQL("alter database {} connection limit 0").format(name))
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            assert [await payer.cost() for _ in range(3)] == [(503, 1)] * 3


@PATHS
@pytest.mark.parametrize(
    ("bad", "cost"),
    [
        ('product(id: "no id") { id }', 1),
        ("orders(first: 1000) { nodes { id } }", 1),
        ('orders(first: 50) { nodes { id } } product(id: "no id") { id }', 51),
    ],
    ids=["an id alone", "a size alone", "beside rows"],
)
async def test_what_is_refused_for_a_value_costs_what_was_read(
    url: str, *, compiling: bool, bad: str, cost: int
) -> None:
    async with paying(url, compiling=compiling) as payer:
        assert await payer.cost(Operation(f"{{ {bad} }}")) == (400, cost)


async def test_what_is_refused_when_compiled_fields_were_answered_costs_all(url: str) -> None:
    asked = Operation('{ orders(first: 50) { nodes { id } } qualityHistory(name: "x", first: 0) { name } }')
    async with paying(url, compiling=True) as payer:
        assert await payer.cost(asked) == (400, 60)
