"""A gateway whose servers die starts them again where they were."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.embedded import Stack, start_stack
from app.embedded.runtime import Part, read_runtime
from app.errors import StartError
from tests.app.embedded.program import QUICK
from tests.servers import wait_until


@asynccontextmanager
async def supervised(folder: Path) -> AsyncIterator[tuple[Stack, asyncio.Task[None]]]:
    stack = start_stack(folder, owner="the tests", tuning=QUICK)
    task = asyncio.create_task(stack.supervise())
    try:
        yield stack, task
    finally:
        stack.stop()
        if not task.done():
            await asyncio.wait_for(task, 30)


def pid_of(stack: Stack, part: Part) -> int | None:
    """The process of the server, nothing while a server is down."""
    runtime = read_runtime(stack.folder)
    return None if runtime is None else runtime.servers[part].pid


def kill(stack: Stack, part: Part) -> int:
    pid = pid_of(stack, part)
    assert pid is not None
    psutil.Process(pid).kill()
    return pid


async def is_back(stack: Stack, part: Part, before: int, supervision: asyncio.Task[None]) -> None:
    """Wait for another process of the server, or for the end of the supervision."""

    def is_over() -> bool:
        return supervision.done() or pid_of(stack, part) not in {None, before}

    await asyncio.to_thread(wait_until, "the server is back", is_over)


async def test_a_killed_postgresql_serves_again_on_its_port_with_its_rows(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with supervised(data) as (stack, task):
        with psycopg.connect(stack.endpoints.owner_url, autocommit=True) as connection:
            connection.execute("create table kept as select 7 as number")
            # A process that is busy for long and would not notice that its server is gone.
            busy = await psycopg.AsyncConnection.connect(stack.endpoints.owner_url)
            work = asyncio.create_task(busy.execute("select count(*) from generate_series(1, 10000000000)"))
            await asyncio.sleep(0.3)
            with caplog.at_level(logging.WARNING, "app.embedded"):
                before = kill(stack, "postgres")
                await is_back(stack, "postgres", before, task)
        with psycopg.connect(stack.endpoints.owner_url) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)
        with pytest.raises(psycopg.OperationalError):
            await work
        await busy.close()
    said = caplog.text
    assert "PostgreSQL ended with status -9, starting it again" in said
    assert "PostgreSQL serves again after" in said


async def test_a_killed_valkey_serves_again_on_its_port(data: Path) -> None:
    async with supervised(data) as (stack, task):
        before = kill(stack, "valkey")
        await is_back(stack, "valkey", before, task)
        with redis.Redis.from_url(stack.endpoints.redis_url) as client:
            assert client.ping()


async def test_both_killed_at_once(data: Path) -> None:
    async with supervised(data) as (stack, task):
        postgres, valkey = kill(stack, "postgres"), kill(stack, "valkey")
        await is_back(stack, "postgres", postgres, task)
        await is_back(stack, "valkey", valkey, task)
        assert not task.done()
        with psycopg.connect(stack.endpoints.database_url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        with redis.Redis.from_url(stack.endpoints.redis_url) as client:
            assert client.ping()


async def test_a_server_that_dies_again_and_again_is_given_up(data: Path) -> None:
    async with supervised(data) as (stack, task):
        while not task.done():
            before = kill(stack, "valkey")
            await is_back(stack, "valkey", before, task)
        with pytest.raises(StartError, match=r"Valkey died 5 times within 60 s .*start again"):
            task.result()


async def test_a_wanted_stop_is_no_death(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with supervised(data) as (stack, task):
        stack.stop()
        await asyncio.wait_for(task, 30)
    assert "starting it again" not in caplog.text
