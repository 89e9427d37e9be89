"""Each planted bug is found by the fuzz within some hundred cases, and nothing is found where none is planted."""

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import pytest_asyncio

from app.embedded import Stack
from resolvers.schemas import Schemas
from schema.policies import policy_statements
from tests.databases import new_database
from tests.fuzz.data import random_data
from tests.fuzz.gateway import gateway, new_schemas, removable_predicates
from tests.fuzz.run import Differs, Run
from tests.graph import serving_url
from tests.model.world import GRAPH
from tests.planted import fences, fields, keeping, links, rows
from tests.planted.mutants import mutants
from tests.planted.planting import Bug
from tests.rows import Data, insert

BUGS = (*rows.BUGS, *fields.BUGS, *links.BUGS, *keeping.BUGS, *fences.BUGS)
WITHIN = 400
SEED = 7


@pytest.fixture(scope="module")
def data() -> Data:
    return random_data(SEED)


@pytest.fixture(scope="module")
def database(stack: Stack, migrated_template: str, data: Data) -> Iterator[str]:
    """The owner's URL of a database that bugs may break, if they mend it."""
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        insert(url, data)
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def schemas() -> AsyncIterator[Schemas]:
    """Schemas that no bug has touched, built once for all that leave them alone."""
    yield new_schemas()


@contextlib.contextmanager
def broken(url: str, bug: Bug) -> Iterator[None]:
    """Break the database as the bug says, and put everything right again."""
    if not bug.sql:
        yield
        return
    with psycopg.connect(url, autocommit=True) as connection:
        reader = connection.execute("select roles[1] from pg_policies where policyname = 'gateway_reader'").fetchone()
        assert reader
        for statement in bug.sql:
            connection.execute(statement.encode())
        try:
            yield
        finally:
            for statement in policy_statements(GRAPH, reader[0]):
                connection.execute(statement.encode())
            connection.execute("update orders set policy_customer_region = null")


async def tried(stack: Stack, url: str, data: Data, bug: Bug, schemas: Schemas, within: int = WITHIN) -> int:
    """Return after how many cases a bug shows; an assertion if it does not."""
    with broken(url, bug), removable_predicates(), pytest.MonkeyPatch.context() as patch:
        graph = bug.plant(patch) or GRAPH
        shared = None if bug.builds_schemas else schemas
        async with gateway(serving_url(stack, url), url, graph, shared) as asked:
            run = Run.of(
                asked,
                data,
                SEED,
                people=bug.people,
                roles=bug.roles,
                scopes=bug.scopes,
                focus=bug.focus,
                ways=bug.ways,
            )
            with contextlib.suppress(Differs):
                await run.go(within)
                pytest.fail(f"not found in {within} cases: {bug.about}")
    return run.cases


@pytest.mark.parametrize("bug", BUGS, ids=str)
async def test_it_is_found(stack: Stack, database: str, data: Data, schemas: Schemas, bug: Bug) -> None:
    assert await tried(stack, database, data, bug, schemas) <= WITHIN


def test_there_are_enough() -> None:
    assert len({bug.about for bug in BUGS}) == len(BUGS) >= 50


async def test_nothing_is_found_where_nothing_is_planted(
    stack: Stack, database: str, data: Data, schemas: Schemas
) -> None:
    with removable_predicates():
        async with gateway(serving_url(stack, database), database, GRAPH, schemas) as asked:
            await Run.of(asked, data, SEED).go(100)


@pytest.mark.timeout(0)
async def test_every_declaration_matters(
    stack: Stack, database: str, data: Data, schemas: Schemas, pytestconfig: pytest.Config
) -> None:
    """Each rule, gate and right is taken away in turn; a few of them by default, all with `--all-mutants`."""
    every = list(mutants())
    chosen = every if pytestconfig.getoption("--all-mutants") else every[::20]
    survivors = []
    for mutant in chosen:
        try:
            # Nothing leads the cases to the very field that was taken.
            await tried(stack, database, data, mutant, schemas, within=5 * WITHIN)
        except pytest.fail.Exception:
            survivors.append(mutant.about)
    sys.stdout.write(f"{len(chosen)} mutants, {len(survivors)} survivors: {survivors}\n")
    assert survivors == []
