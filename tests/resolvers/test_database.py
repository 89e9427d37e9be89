"""The database as the gateway uses it: it can only read, sees one moment, and ends what nobody waits for."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import psycopg
import pytest
import pytest_asyncio
import sqlalchemy as sa
from psycopg import sql

from app.embedded import Stack
from resolvers.database import Database, Planning
from resolvers.engine import Operation
from resolvers.pool import Pool
from security.errors import TimedOut, Unavailable
from tests.databases import new_database
from tests.graph import new_engine, serving_url
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH
from tests.sample import SAMPLE, new_sample

ORDERS = GRAPH["Order"].table
COUNT = sa.select(sa.func.count().label("count")).select_from(ORDERS)
FEED = Operation("{ orders(first: 5) { nodes { id items { nodes { id } } customer { id } } } }")
PATHS = pytest.mark.parametrize("compiling", [False, True], ids=["reference", "compiled"])


@pytest.fixture(scope="module")
def owner_url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with new_sample(stack, migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def url(stack: Stack, owner_url: str) -> str:
    return serving_url(stack, owner_url)


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with opened(url) as database:
        yield database


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Database]:
    """Open a database, and see at the end that every connection was given back."""
    database = await Database.open(url, **options)
    pool = database._pool
    try:
        yield database
        assert pool.free == pool.size
        await asyncio.wait_for(database.close(), 30)
    finally:
        pool.terminate()


@contextmanager
def locked(owner_url: str, table: str) -> Iterator[None]:
    """Make every reader of a table wait."""
    with psycopg.connect(owner_url) as connection:
        connection.execute(f"lock table {table} in access exclusive mode")
        yield
        connection.rollback()


async def waiting(owner_url: str, number: int = 1) -> None:
    """Return when so many statements of the gateway are running."""
    for _ in range(1500):
        if len(running(owner_url)) == number:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"not {number} statements but {running(owner_url)}")


def running(owner_url: str) -> list[str]:
    """Return the statements of the gateway that PostgreSQL is busy with."""
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(
            """select query from pg_stat_activity
               where application_name = 'cienty-gateway' and datname = current_database() and state = 'active'"""
        ).fetchall()
    return [query for (query,) in rows]


def terminate(owner_url: str) -> None:
    """End all connections of the gateway, as a restart of the database does."""
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'cienty-gateway' and datname = current_database()"""
        )


def test_the_serving_role_may_only_read(url: str) -> None:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            """select table_name, privilege_type from information_schema.role_table_grants
               where table_schema = 'public'
               union select table_name, privilege_type from information_schema.role_column_grants
               where table_schema = 'public'"""
        ).fetchall()
        may_create = connection.execute("select has_schema_privilege('public', 'create')").fetchone()
    assert {privilege for _, privilege in rows} == {"SELECT"}
    assert set(SAMPLE) <= {table for table, _ in rows}
    assert may_create == (False,)


async def test_a_snapshot_is_one_moment(database: Database, owner_url: str) -> None:
    async with database.snapshot(ADMIN.principal) as snapshot:
        before = await snapshot.fetch(COUNT)
        with psycopg.connect(owner_url) as writer:
            writer.execute(
                """insert into orders (id, customer_id, order_date, subtotal, tax, shipping_cost, total)
                   values (1000, 10, now(), 0, 0, 0, 0)"""
            )
            writer.commit()
            after = await snapshot.fetch(COUNT)
            writer.execute("delete from orders where id = 1000")
    assert [dict(row) for row in before] == [dict(row) for row in after] == [{"count": len(SAMPLE["orders"])}]


async def test_a_snapshot_can_not_write(database: Database, owner_url: str) -> None:
    async with opened(owner_url) as as_owner, as_owner.snapshot(ADMIN.principal) as snapshot:
        writing = sa.select(sa.func.setval("orders_id_seq", 5))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await snapshot.fetch(writing)


async def test_a_snapshot_takes_no_connection_before_its_first_statement(url: str) -> None:
    async with (
        opened(url, max_size=1, acquire_timeout=0.1) as database,
        database.snapshot(ADMIN.principal),
        database.snapshot(ADMIN.principal) as other,
    ):
        rows = await other.fetch(COUNT)
    assert [dict(row) for row in rows] == [{"count": len(SAMPLE["orders"])}]


async def test_too_slow_a_statement_is_ended(url: str, owner_url: str) -> None:
    async with opened(url, statement_timeout_ms=500) as database:
        with locked(owner_url, "orders"):
            async with database.snapshot(ADMIN.principal) as snapshot:
                with pytest.raises(TimedOut):
                    await snapshot.fetch(COUNT)
        async with database.snapshot(ADMIN.principal) as snapshot:
            assert await snapshot.fetch(COUNT)


async def test_a_busy_pool_says_so_soon(url: str) -> None:
    async with opened(url, max_size=1, acquire_timeout=0.1) as database:
        async with database.snapshot(ADMIN.principal) as snapshot:
            await snapshot.fetch(COUNT)
            start = time.monotonic()
            with pytest.raises(Unavailable, match="busy"):
                await database.ping()
        assert time.monotonic() - start < 1.9
        await database.ping()


async def test_no_database_says_so(url: str, stack: Stack, migrated_template: str) -> None:
    with new_database(stack.endpoints.owner_url, migrated_template) as gone:
        database = await Database.open(serving_url(stack, gone))
    for _ in range(2):
        with pytest.raises(Unavailable):
            await database.ping()
        async with database.snapshot(ADMIN.principal) as snapshot:
            with pytest.raises(Unavailable):
                await snapshot.fetch(COUNT)
    await database.close()


async def test_lost_connections_are_made_anew(database: Database, owner_url: str) -> None:
    async with database.snapshot(ADMIN.principal) as snapshot:
        await snapshot.fetch(COUNT)
        terminate(owner_url)
        with pytest.raises(Unavailable):
            await snapshot.fetch(COUNT)
    async with database.snapshot(ADMIN.principal) as snapshot:
        assert await snapshot.fetch(COUNT)


async def test_a_connection_that_is_lost_in_a_statement(database: Database, owner_url: str) -> None:
    with locked(owner_url, "orders"):
        async with database.snapshot(ADMIN.principal) as snapshot:
            statement = asyncio.ensure_future(snapshot.fetch(COUNT))
            await waiting(owner_url)
            terminate(owner_url)
            with pytest.raises(Unavailable):
                await statement
    await database.ping()


@PATHS
@pytest.mark.parametrize("table", ["orders", "order_items"])
async def test_a_cancelled_operation_ends_its_statement(url: str, owner_url: str, table: str, compiling: bool) -> None:
    async with opened(url, max_size=2) as database:
        engine = new_engine(database, compiling=compiling)
        await engine.execute(FEED, ADMIN.principal)
        for _ in range(3):
            with locked(owner_url, table):
                operation = asyncio.ensure_future(engine.execute(FEED, ADMIN.principal))
                await waiting(owner_url)
                operation.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await operation
                await waiting(owner_url, 0)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200


@PATHS
@pytest.mark.parametrize("table", ["orders", "order_items"])
async def test_an_operation_that_is_cancelled_again_and_again(
    url: str, owner_url: str, table: str, compiling: bool
) -> None:
    """Ending an operation takes steps; being hurried in one of them must not lose its connection."""
    async with opened(url, max_size=1) as database:
        engine = new_engine(database, compiling=compiling)
        await engine.execute(FEED, ADMIN.principal)
        for steps in range(1, 12):
            with locked(owner_url, table):
                operation = asyncio.ensure_future(engine.execute(FEED, ADMIN.principal))
                await waiting(owner_url)
                while not operation.done():
                    operation.cancel()
                    for _ in range(steps):
                        await asyncio.sleep(0)
                with pytest.raises(asyncio.CancelledError):
                    await operation
                await waiting(owner_url, 0)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200
        await asyncio.sleep(0.1)


@PATHS
@pytest.mark.parametrize("table", ["orders", "order_items"])
async def test_an_operation_out_of_time_ends_its_statement(
    url: str, owner_url: str, table: str, compiling: bool
) -> None:
    async with opened(url, max_size=2) as database:
        patient = new_engine(database, compiling=compiling)
        await patient.execute(FEED, ADMIN.principal)
        engine = new_engine(database, compiling=compiling, time_budget=0.4)
        await engine.execute(Operation("{ __typename }"), ADMIN.principal)
        for _ in range(3):
            with locked(owner_url, table):
                answer = await engine.execute(FEED, ADMIN.principal)
                assert (answer.status, b'"TIMEOUT"' in answer.body) == (504, True)
                await waiting(owner_url, 0)
        assert (await patient.execute(FEED, ADMIN.principal)).status == 200


@PATHS
@pytest.mark.parametrize("table", ["orders", "order_items"])
async def test_a_statement_out_of_time_ends_its_operation(
    url: str, owner_url: str, table: str, compiling: bool
) -> None:
    async with opened(url, max_size=2, statement_timeout_ms=500) as database:
        engine = new_engine(database, compiling=compiling)
        with locked(owner_url, table):
            answer = await engine.execute(FEED, ADMIN.principal)
        assert (answer.status, b'"TIMEOUT"' in answer.body) == (504, True)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200


async def test_an_operation_that_is_in_the_way_of_changing_tables_is_refused(
    database: Database, owner_url: str
) -> None:
    async with database.snapshot(ADMIN.principal) as snapshot:
        await snapshot.fetch(COUNT)
        with psycopg.connect(owner_url) as connection:
            # It waits for the operation, and the operation then for it, which finds that out.
            connection.execute("set local deadlock_timeout = '1min'")
            connection.execute("lock table customers in access exclusive mode")
            changing = asyncio.create_task(asyncio.to_thread(connection.execute, "lock table orders"))
            await asyncio.sleep(0.2)
            with pytest.raises(Unavailable, match="could not finish"):
                await snapshot.fetch(sa.select(sa.func.count()).select_from(GRAPH["Customer"].table))
            await snapshot.close()
            await changing
            connection.rollback()
    assert database.pool.free == database.pool.size == 1


async def test_an_operation_on_a_table_that_has_changed_is_refused_once(url: str, owner_url: str) -> None:
    async with opened(url, max_size=1) as database:
        engine = new_engine(database)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200
        with psycopg.connect(owner_url, autocommit=True) as connection:
            for digits in (16, 14):
                connection.execute(f"alter table orders alter column total type numeric({digits}, 2)")
                answer = await engine.execute(FEED, ADMIN.principal)
                assert (answer.status, b'"UNAVAILABLE"' in answer.body) == (503, True)
                assert (await engine.execute(FEED, ADMIN.principal)).status == 200


async def test_a_statement_for_which_there_is_no_room_ends_no_connection(database: Database) -> None:
    """An error of the same class as those of a full disk or memory, raised where the role may raise it."""
    raised = "do $$ begin raise exception 'no room' using errcode = '53100'; end $$"
    with pytest.raises(Unavailable, match="could not finish"):
        await database.fetch(ADMIN.principal, Planning.ONCE, raised, [])
    assert database.pool.free == database.pool.size == 1


@PATHS
async def test_an_operation_without_a_database_is_refused(url: str, owner_url: str, compiling: bool) -> None:
    async with opened(url, max_size=1, acquire_timeout=0.2) as database:
        engine = new_engine(database, compiling=compiling)
        async with database.snapshot(ADMIN.principal) as snapshot:
            await snapshot.fetch(COUNT)
            answer = await engine.execute(FEED, ADMIN.principal)
        assert (answer.status, b'"UNAVAILABLE"' in answer.body) == (503, True)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200


@PATHS
async def test_an_operation_that_loses_its_connection_is_refused(url: str, owner_url: str, compiling: bool) -> None:
    async with opened(url) as database:
        engine = new_engine(database, compiling=compiling)
        with locked(owner_url, "order_items"):
            operation = asyncio.ensure_future(engine.execute(FEED, ADMIN.principal))
            await waiting(owner_url)
            terminate(owner_url)
            answer = await operation
        assert (answer.status, b'"UNAVAILABLE"' in answer.body) == (503, True)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200


@PATHS
@pytest.mark.parametrize("steps", range(4))
async def test_a_connection_that_was_lost_while_it_was_free(
    url: str, owner_url: str, compiling: bool, steps: int
) -> None:
    """The server's farewell and the end of the stream are read in steps; an operation may come between any of them."""
    async with opened(url) as database:
        engine = new_engine(database, compiling=compiling)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200
        terminate(owner_url)
        time.sleep(0.1)  # noqa: ASYNC251  # nothing may be read meanwhile
        for _ in range(steps):
            await asyncio.sleep(0)
        assert (await engine.execute(FEED, ADMIN.principal)).status in (200, 503)
        assert (await engine.execute(FEED, ADMIN.principal)).status == 200


async def test_what_is_not_sent_ends_no_connection(database: Database) -> None:
    principal = ADMIN.principal
    await database.fetch(principal, Planning.ONCE, "select $1::bigint::varchar", [1])
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        await database.fetch(principal, Planning.ONCE, "select $1::bigint::varchar", [1, 2])
    assert database.pool.free == database.pool.size == 1
    assert [*await database.fetch(principal, Planning.ONCE, "select $1::bigint::varchar", [2])] == [(b"2",)]


async def test_a_server_that_is_full_answers_with_the_connections_that_there_are(url: str, owner_url: str) -> None:
    async with opened(url, min_size=2, max_size=8) as database:
        with full_server(owner_url):
            engine = new_engine(database)
            answers = await asyncio.gather(*(engine.execute(FEED, ADMIN.principal) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        assert database.pool.size == 2


@PATHS
async def test_a_server_that_lets_nobody_in_is_not_waited_for_long(compiling: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        pool = Pool(lambda: asyncpg.connect(host=host, port=port, user="somebody"), max_size=2, timeout=0.3)
        engine = new_engine(Database(pool, version=(18, 0), observe=None), compiling=compiling)
        async with asyncio.timeout(2):
            answers = await asyncio.gather(*(engine.execute(FEED, ADMIN.principal) for _ in range(4)))
    assert {(answer.status, b'"UNAVAILABLE"' in answer.body) for answer in answers} == {(503, True)}
    assert pool.size == 0


@contextmanager
def full_server(owner_url: str) -> Iterator[None]:
    """Let nobody connect any more."""
    limit = sql.SQL("alter database {} connection limit {}")
    with psycopg.connect(owner_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(limit.format(name, sql.Literal(1)))
        try:
            yield
        finally:
            connection.execute(limit.format(name, sql.Literal(-1)))
