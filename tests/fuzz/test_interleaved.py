"""Principals at once on one small pool, with cancellations, timeouts and faults between: nobody gets another's rows."""

import asyncio
import contextlib
import json
import random
import sys
from collections import Counter

import asyncpg
import pytest

from app.embedded import Stack
from resolvers.database import Database, Planning
from resolvers.engine import Engine, Operation
from security.principal import Principal
from tests.databases import new_database
from tests.fuzz.answer import Answering
from tests.fuzz.chance import Chance, Focus
from tests.fuzz.data import random_data
from tests.fuzz.gateway import LIMITS, removable_predicates, without_predicates
from tests.fuzz.operation import Asked
from tests.fuzz.people import random_people
from tests.graph import CURSORS, PATIENCE, serving_url
from tests.model.world import GRAPH
from tests.rows import insert

SEED = 11
REQUESTS = 2_000
AT_ONCE = 12
POOL = 2


@pytest.mark.timeout(0)
@pytest.mark.parametrize("fences", ["both fences", "policies alone"])
async def test_nobody_gets_what_another_asked_for(
    stack: Stack, migrated_template: str, pytestconfig: pytest.Config, fences: str
) -> None:
    requests = max(REQUESTS, pytestconfig.getoption("--fuzz-cases")) // 2
    data = random_data(SEED)
    chance = random.Random(SEED)
    people = random_people(chance, data, 6, ("sales",)) + random_people(chance, data, 6, ("customer",))
    answering = [Answering(data, principal) for principal in people if principal.scopes is None]
    # Few operations, which all of them ask again and again.
    asked = [
        Chance(chance, data, answering[at % len(answering)].rights, focus=Focus(("Order", "Customer", "Price")))
        for at in range(24)
    ]
    operations = [one.operation() for one in asked]
    told: Counter[str] = Counter()
    with removable_predicates(), new_database(stack.endpoints.owner_url, migrated_template) as url:
        insert(url, data)
        database = await Database.open(
            serving_url(stack, url), max_size=POOL, acquire_timeout=PATIENCE, statement_timeout_ms=PATIENCE * 1000
        )
        engine = Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS, time_budget=PATIENCE)
        hurried = Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS, time_budget=0.004)
        hurried._schemas = engine._schemas

        async def ask(numbers: range) -> None:
            for _ in numbers:
                someone, operation = chance.choice(answering), chance.choice(operations)
                if chance.random() < 0.2:
                    told["disturbed"] += 1
                    await _disturb(chance, database, (engine, hurried), chance.choice(operations), someone.principal)
                answer = await engine.execute(
                    Operation(operation.document, None, operation.variables), someone.principal
                )
                found = json.loads(answer.body)
                if someone.may_ask(operation):
                    assert found == {"data": someone.answer(operation)}, someone.principal
                    told["answered"] += 1
                else:
                    assert "data" not in found
                    told["refused"] += 1

        try:
            with without_predicates() if fences == "policies alone" else contextlib.nullcontext():
                await asyncio.gather(*(ask(range(requests // AT_ONCE + 1)) for _ in range(AT_ONCE)))
        finally:
            await database.close()
    sys.stdout.write(f"{fences}: {dict(told)}\n")
    assert told["answered"] > requests / 2
    assert told["disturbed"] > requests / 10


async def _disturb(
    chance: random.Random, database: Database, engines: tuple[Engine, Engine], asked: Asked, principal: Principal
) -> None:
    """Ask and go away, run out of time, or cause a fault in the database."""
    usual, hurried = engines
    request = Operation(asked.document, None, asked.variables)
    match chance.randrange(3):
        case 0:
            asking = asyncio.ensure_future(usual.execute(request, principal))
            await asyncio.sleep(chance.random() * 0.01)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
        case 1:
            await hurried.execute(request, principal)
        case _:
            with contextlib.suppress(asyncpg.PostgresError):
                await database.fetch(principal, Planning.ONCE, "select cast(1 / 0 as varchar)", [])
