"""Two fences around rows: predicates in the gateway's SQL, and PostgreSQL's policies. Each must hold alone."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from psycopg import sql

from app.embedded import Stack
from resolvers.database import Database, Planning
from resolvers.engine import Operation
from resolvers.sql.scope import Scope
from schema.model import Model
from tests.graph import Asking, Told, new_engine, serving_url
from tests.model.viewers import CUSTOMER, SALES, SALES_WITHOUT_REGIONS, VIEWERS, Viewer, rows_of
from tests.model.world import GRAPH
from tests.sample import new_sample

READERS = [viewer for viewer in VIEWERS if viewer.counts_instead is None]
"""Those who may not count more than they see: to them the policies show what they see."""

TABLES = {model.table.name: model for model in GRAPH}


@pytest.fixture
def without_predicates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the first fence away."""

    def every_row(_self: Scope, _model: Model, _source: sa.FromClause) -> sa.ColumnElement[bool]:
        return sa.true()

    monkeypatch.setattr(Scope, "visible", every_row)


@pytest.fixture
def examples_of_profile() -> int:
    """How many examples the profile of property tests tries."""
    return settings.get_profile(settings.get_current_profile_name()).max_examples


def everything_seen_by(viewer: Viewer) -> str:
    """Return an operation for all rows of all entities."""
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    fields = [f"{model.plural}(first: 200) {{ nodes {{ databaseId }} }}" for model in seen if model.readable]
    return "{ " + " ".join(["__typename", *fields]) + " }"


def expected_of(viewer: Viewer) -> dict[str, list[str]]:
    """Return the keys of the rows that somebody sees, by the root field of each entity."""
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    return {
        model.plural: sorted(str(row["id"]) for row in rows_of(model.table.name, viewer.sees))
        for model in seen
        if model.readable
    }


def keys(data: dict[str, dict[str, list[dict[str, str]]]]) -> dict[str, list[str]]:
    """Return the keys in a response to that operation."""
    return {
        name: sorted(node["databaseId"] for node in connection["nodes"])
        for name, connection in data.items()
        if name != "__typename"
    }


@pytest.fixture(scope="module")
def added_to(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The owner's URL of a database with the sample, to whose policies somebody has added some that show every row."""
    with new_sample(stack, migrated_template) as url:
        with psycopg.connect(url, autocommit=True) as owner:
            for table in map(sql.Identifier, TABLES):
                owner.execute(sql.SQL("create policy added on {} using (true)").format(table))
                owner.execute(sql.SQL("create policy named on {} for select to gateway using (true)").format(table))
        yield url


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
def test_the_policies_alone_show_what_is_someones(stack: Stack, sample_database: str, viewer: Viewer) -> None:
    _shows_what_is_someones(serving_url(stack, sample_database), viewer)


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
def test_a_policy_that_somebody_adds_shows_nothing_more(stack: Stack, added_to: str, viewer: Viewer) -> None:
    _shows_what_is_someones(serving_url(stack, added_to), viewer)


def _shows_what_is_someones(url: str, viewer: Viewer) -> None:
    principal = viewer.principal
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in principal.settings:
            connection.execute("select set_config(%s, %s, false)", [name, value])
        for table, model in TABLES.items():
            statement = sql.SQL("select id from {} order by id").format(sql.Identifier(table))
            found = [key for (key,) in connection.execute(statement)]
            # Whoever may count an entity's rows could not without reading them: this fence can't tell the two.
            counts = principal.capabilities.aggregates(model.rows.capability)
            expected = rows_of(table, viewer.counts) if counts else []
            assert found == [row["id"] for row in expected], table


def test_a_connection_that_nobody_looks_on_shows_nothing(stack: Stack, sample_database: str) -> None:
    with psycopg.connect(serving_url(stack, sample_database), autocommit=True) as connection:
        for table in TABLES:
            found = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
            assert found == (0,), table


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
async def test_the_predicates_alone_show_what_is_someones(ask_unguarded: Asking, viewer: Viewer) -> None:
    told = await ask_unguarded(everything_seen_by(viewer), viewer.principal)
    assert keys(told.data) == expected_of(viewer)


@pytest.mark.parametrize("viewer", READERS, ids=str)
async def test_without_predicates_the_policies_hold(ask: Asking, viewer: Viewer, without_predicates: None) -> None:
    # A comment, so that no plan with predicates is at hand from another test.
    told = await ask(everything_seen_by(viewer) + "# without predicates", viewer.principal)
    assert keys(told.data) == expected_of(viewer)


async def test_principals_on_one_pool_never_see_each_others_rows(
    stack: Stack, sample_database: str, without_predicates: None, examples_of_profile: int
) -> None:
    # Only the policies stand, so whoever looked on another's connection would show.
    database = await Database.open(serving_url(stack, sample_database), min_size=2, max_size=3, acquire_timeout=60)
    engine = new_engine(database, compiling=True)
    told: dict[str, list[dict[str, list[str]]]] = {}

    async def look(viewer: Viewer, lap: int) -> None:
        # Several statements an operation on every third lap, one on the others.
        document = everything_seen_by(viewer) if lap % 3 == 0 else "{ categories { nodes { databaseId } } }"
        if lap % 3 and not viewer.principal.capabilities.reaches("catalog:read"):
            return
        answer = await engine.execute(Operation(document + "# interleaved"), viewer.principal)
        data = Told(answer, []).data
        if lap % 3 == 0:
            told.setdefault(viewer.name, []).append(keys(data))

    try:
        laps = range(3 * examples_of_profile // 100 + 3)
        await asyncio.gather(*(look(viewer, lap) for lap in laps for viewer in READERS))
    finally:
        await database.close()
    for viewer in READERS:
        assert all(found == expected_of(viewer) for found in told[viewer.name]), viewer


async def test_who_looks_is_told_again_only_when_it_is_somebody_else(stack: Stack, sample_database: str) -> None:
    database = await Database.open(serving_url(stack, sample_database), min_size=1, max_size=1)
    try:
        count = "select cast(count(*)::text as varchar) from customers"
        for viewer in (CUSTOMER, SALES, CUSTOMER, CUSTOMER, SALES_WITHOUT_REGIONS):
            [[found]] = await database.fetch(viewer.principal, Planning.ONCE, count, [])
            assert int(found or b"") == len(rows_of("customers", viewer.sees)), viewer
    finally:
        await database.close()
