"""An engine with the limits that it has when it serves."""

from collections.abc import AsyncIterator

import pytest_asyncio

from app.embedded import Stack
from resolvers.database import Database
from resolvers.engine import Engine
from tests.graph import CURSORS, LIMITS, Asking, serving_url
from tests.model.world import GRAPH


@pytest_asyncio.fixture(scope="session")
async def ask_limited(stack: Stack, sample_database: str) -> AsyncIterator[Asking]:
    """Asks an engine over the sample whose limits are the usual ones."""
    statements: list[str] = []
    database = await Database.open(serving_url(stack, sample_database), observe=statements.append)
    try:
        yield Asking(Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS), statements)
    finally:
        await database.close()
