"""A connection keeps the statements that it has prepared, and prepares them anew where their tables have changed."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.embedded import Stack
from resolvers import connection as connection_module
from resolvers.connection import Connection

PREPARED = "select count(*) from pg_prepared_statements where statement = $1"


@pytest_asyncio.fixture
async def connection(stack: Stack) -> AsyncIterator[Connection]:
    driver: Any = await asyncpg.connect(stack.endpoints.owner_url)
    await driver.execute("create temporary table kept (number int); insert into kept values (1)")
    yield Connection(driver)
    await driver.close()


async def test_a_statement_is_prepared_once(connection: Connection) -> None:
    for number in range(3):
        assert list((await connection.fetch("select $1::int", [number]))[0]) == [number]
    assert await connection.driver.fetchval(PREPARED, "select $1::int") == 1


async def test_a_statement_whose_table_has_changed_is_prepared_anew(connection: Connection) -> None:
    for change in ("add column word text default 'a'", "alter column number type bigint", "drop column word"):
        before = [tuple(row) for row in await connection.fetch("select * from kept", [])]
        await connection.driver.execute(f"alter table kept {change}")
        after = [tuple(row) for row in await connection.fetch("select * from kept", [])]
        assert (before == after) is (change.startswith("alter"))
        assert [tuple(row) for row in await connection.fetch("select * from kept", [])] == after


async def test_a_statement_that_fails_can_be_run_again(connection: Connection) -> None:
    for divisor, fails in ((0, True), (1, False)):
        try:
            await connection.fetch("select 1 / $1::int", [divisor])
        except asyncpg.DivisionByZeroError:
            assert fails
        else:
            assert not fails


async def test_of_too_many_statements_those_used_longest_ago_are_let_go(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_MOST_PREPARED", 2)
    for number in (1, 2, 1, 3):
        await connection.fetch(f"select {number} as number", [])
    # asyncpg tells the server what was let go when it prepares the next one.
    kept = await connection.driver.fetch("select statement from pg_prepared_statements")
    numbered = {row["statement"] for row in kept if row["statement"].endswith("as number")}
    assert numbered == {"select 1 as number", "select 3 as number"}


async def test_of_long_statements_fewer_are_kept(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "_MOST_CHARACTERS", 300)
    for number, length in ((1, 100), (2, 100), (1, 100), (3, 100), (4, 400), (5, 1), (6, 1)):
        rows = await connection.fetch(f"select {number}{' ' * length}as number", [])
        assert [tuple(row) for row in rows] == [(number,)]
        if number == 4:
            assert not connection._prepared
    kept = await connection.driver.fetch("select statement from pg_prepared_statements")
    numbered = {row["statement"] for row in kept if row["statement"].endswith("as number")}
    assert numbered == {"select 5 as number", "select 6 as number"}
