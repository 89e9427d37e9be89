"""A database with large tables that explains what it runs."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import pytest_asyncio

from app.embedded import Stack
from tests.databases import new_database
from tests.graph import serving_url
from tests.resolvers.compiled.explained import ROWS, Explained


@pytest.fixture(scope="session")
def large_tables(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The URL under which they are served."""
    with new_database(stack.endpoints.owner_url, migrated_template) as owner_url:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute(ROWS)
            connection.execute("vacuum analyze")
        yield serving_url(stack, owner_url)


@pytest_asyncio.fixture
async def database(large_tables: str) -> AsyncIterator[Explained]:
    """The database, without any plan yet."""
    database = await Explained.open(large_tables, max_size=2)
    database.plans = []
    yield database
    await database.close()
