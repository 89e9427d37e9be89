"""The pool: few connections, each with what is known to be set on it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.embedded import Stack
from resolvers import pool as pool_module
from resolvers.pool import Busy, Pool, Unreachable

ONE = (("gateway.customer_id", "1"),)
TWO = (("gateway.customer_id", "2"),)


@pytest_asyncio.fixture
async def pool(stack: Stack) -> AsyncIterator[Pool]:
    async with opened(stack, max_size=2, timeout=0.2) as pool:
        yield pool


@contextlib.asynccontextmanager
async def opened(stack: Stack, **limits: Any) -> AsyncIterator[Pool]:
    async def connect() -> Any:
        return await asyncpg.connect(stack.endpoints.database_url)

    pool = Pool(connect, **limits)
    yield pool
    await asyncio.wait_for(pool.close(), 30)
    assert pool.size == 0


async def setting(connection: Any) -> str:
    return str(await connection.driver.fetchval("select current_setting('gateway.customer_id')"))


async def test_it_gives_the_connection_that_has_the_settings(pool: Pool) -> None:
    first, second = await pool.acquire(ONE), await pool.acquire(TWO)
    await first.show(ONE)
    await second.show(TWO)
    pool.release(first)
    pool.release(second)
    for state, expected in ((ONE, first), (TWO, second), (ONE, first)):
        assert await pool.acquire(state) is expected
        pool.release(expected)


async def test_settings_are_changed_for_whoever_has_others(pool: Pool) -> None:
    connection = await pool.acquire(ONE)
    for state, expected in ((ONE, "1"), (TWO, "2"), (TWO, "2"), (ONE, "1")):
        await connection.show(state)
        assert await setting(connection) == expected
    pool.release(connection)


async def test_nothing_is_known_of_a_connection_whose_settings_failed(pool: Pool) -> None:
    connection = await pool.acquire(ONE)
    await connection.show(ONE)
    with pytest.raises(asyncpg.PostgresError):
        await connection.show((("no.such setting", ""),))
    assert connection.state is None
    pool.release(connection)


async def test_it_opens_no_more_than_it_may(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    with pytest.raises(Busy):
        await pool.acquire(())
    assert (pool.size, pool.free) == (2, 0)
    for connection in taken:
        pool.release(connection)
    assert (pool.size, pool.free) == (2, 2)


async def test_who_has_waited_longest_is_next(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    waiting = [asyncio.ensure_future(pool.acquire(())) for _ in range(2)]
    await asyncio.sleep(0)
    pool.release(taken[1])
    assert await waiting[0] is taken[1]
    pool.release(taken[0])
    assert await waiting[1] is taken[0]
    for connection in taken:
        pool.release(connection)


async def test_a_connection_given_to_somebody_who_has_left_is_not_lost(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    waiting = asyncio.ensure_future(pool.acquire(()))
    await asyncio.sleep(0)
    pool.release(taken[0])
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.free == 1
    pool.release(taken[1])


async def test_a_lost_connection_makes_room_for_another(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    waiting = asyncio.ensure_future(pool.acquire(()))
    await asyncio.sleep(0)
    taken[0].driver.terminate()
    pool.release(taken[0])
    another = await waiting
    assert another is not taken[0]
    assert not another.driver.is_closed()
    for connection in (taken[1], another):
        pool.release(connection)


async def test_the_room_of_a_lost_connection_is_not_taken_twice(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    waiting = asyncio.ensure_future(pool.acquire(()))
    await asyncio.sleep(0)
    taken[0].driver.terminate()
    pool.release(taken[0])
    with pytest.raises(Busy):
        await pool.acquire(())
    assert pool.size == 2
    for connection in (taken[1], await waiting):
        pool.release(connection)


async def test_the_room_of_somebody_who_has_left_is_not_lost(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    waiting = asyncio.ensure_future(pool.acquire(()))
    await asyncio.sleep(0)
    taken[0].driver.terminate()
    pool.release(taken[0])
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.size == 1
    pool.release(taken[1])


async def test_a_connection_that_was_lost_while_it_rested_is_not_given(pool: Pool) -> None:
    connection = await pool.acquire(())
    pool.release(connection)
    connection.driver.terminate()
    another = await pool.acquire(())
    assert not another.driver.is_closed()
    pool.release(another)
    assert pool.size == 1


async def test_a_connection_with_an_open_transaction_is_not_kept(pool: Pool) -> None:
    connection = await pool.acquire(())
    await connection.driver.execute("begin")
    pool.release(connection)
    another = await pool.acquire(())
    assert another is not connection
    pool.release(another)


@contextlib.contextmanager
def hanging(connection: Any) -> Iterator[None]:
    """Have a connection's server process do nothing until the end of the block."""
    process = connection.driver.get_server_pid()
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


async def cancelled(connection: Any, statement: str) -> None:
    """Send a statement and leave it, as whoever is cancelled does."""
    running = asyncio.ensure_future(connection.driver.execute(statement))
    await asyncio.sleep(0.05)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_nobody_gets_a_connection_on_which_something_cancelled_still_runs(pool: Pool) -> None:
    connection = await pool.acquire(ONE)
    with hanging(connection):
        await cancelled(connection, "begin")
        pool.release(connection)
        assert pool.free == 0
        another = await pool.acquire(TWO)
        assert another is not connection
        await another.show(TWO)
        waiting = asyncio.ensure_future(pool.acquire(TWO))
        await asyncio.sleep(0.05)
    # It has begun its transaction by now, in which settings would last until its end only.
    next_one = await waiting
    await next_one.show(TWO)
    assert not next_one.driver.is_in_transaction()
    assert await setting(next_one) == "2"
    for one in (another, next_one):
        pool.release(one)
    assert (pool.size, pool.free) == (2, 2)


async def test_a_connection_on_which_something_was_cancelled_comes_back(stack: Stack) -> None:
    async with opened(stack, max_size=1, timeout=30) as pool:
        connection = await pool.acquire(ONE)
        await connection.show(ONE)
        await cancelled(connection, "select pg_sleep(60)")
        pool.release(connection)
        assert pool.free == 0
        assert await pool.acquire(ONE) is connection
        assert await setting(connection) == "1"
        pool.release(connection)


async def test_a_connection_whose_cancellation_does_not_end_makes_room_for_another(pool: Pool) -> None:
    taken = [await pool.acquire(()), await pool.acquire(())]
    with hanging(taken[0]):
        await cancelled(taken[0], "select 1")
        pool.release(taken[0])
        await asyncio.sleep(0.1)
        another = await pool.acquire(())
        assert another not in taken
        assert pool.size == 2
    for connection in (taken[1], another):
        pool.release(connection)


@pytest.mark.parametrize("ends", ["close", "terminate"])
async def test_a_pool_ends_with_what_was_cancelled(pool: Pool, ends: str) -> None:
    connection = await pool.acquire(())
    with hanging(connection):
        await cancelled(connection, "select 1")
        pool.release(connection)
        if ends == "terminate":
            pool.terminate()
        await asyncio.wait_for(pool.close(), 10)
        assert pool.size == 0
        assert connection.driver.is_closed()


async def test_the_end_of_the_program_ends_what_was_cancelled(pool: Pool) -> None:
    connection = await pool.acquire(())
    with hanging(connection):
        before = asyncio.all_tasks()
        await cancelled(connection, "select 1")
        pool.release(connection)
        begun = asyncio.all_tasks() - before
        await asyncio.sleep(0)
        for task in begun:
            task.cancel()
        await asyncio.wait(begun)
        assert connection.driver.is_closed()
        assert pool.size == 0


async def test_a_failure_to_connect_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_PAUSE", 0)
    server = Server(room=0)
    pool = server.pool()
    for _ in range(3):
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await pool.acquire(())
    assert (pool.size, server.asked) == (0, 3)


class Server:
    """A server with room for so many connections, which counts how often it was asked for one."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.asked = 0

    def pool(self) -> Pool:
        return Pool(self.connect, max_size=5, timeout=0.2)

    async def connect(self) -> Any:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.room:
            raise asyncpg.TooManyConnectionsError
        self.room -= 1
        return Driver()


class Driver:
    """A connection that works, until it is lost, and its own protocol; nothing is cancelled on it."""

    is_lost = False

    def __init__(self) -> None:
        self._protocol = self

    def is_connected(self) -> bool:
        return not self.is_lost

    def is_closed(self) -> bool:
        return self.is_lost

    def is_in_transaction(self) -> bool:
        return False

    def _is_cancelling(self) -> bool:
        return False


async def test_what_a_full_server_refuses_is_waited_for_among_those_that_are_open() -> None:
    server = Server(room=1)
    pool = server.pool()
    first = await pool.acquire(())
    waiting = [asyncio.ensure_future(pool.acquire(())) for _ in range(3)]
    await asyncio.sleep(0.01)
    for one in waiting:
        pool.release(first)
        assert await one is first
    pool.release(first)
    assert (pool.size, pool.free) == (1, 1)


async def test_a_full_server_is_left_alone_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(room=1)
    pool = server.pool()
    taken = [await pool.acquire(())]
    for _ in range(3):
        with pytest.raises(Busy):
            await pool.acquire(())
    assert server.asked == 2
    server.room = 1
    monkeypatch.setattr(pool, "_connects_again", 0)
    taken.append(await pool.acquire(()))
    assert pool.size == 2


async def test_where_nothing_can_be_waited_for_everybody_is_told_at_once() -> None:
    server = Server(room=1)
    pool = server.pool()
    only = await pool.acquire(())
    waiting = [asyncio.ensure_future(pool.acquire(())) for _ in range(3)]
    await asyncio.sleep(0.01)
    only.driver.is_lost = True
    pool.release(only)
    for one in waiting:
        with pytest.raises(Unreachable):
            await asyncio.wait_for(one, 0.1)
    with pytest.raises(Unreachable):
        await pool.acquire(())
    assert (pool.size, server.asked) == (0, 4)


async def test_of_many_that_are_refused_at_once_none_waits() -> None:
    pool = Server(room=0).pool()
    async with asyncio.timeout(0.1):
        told = await asyncio.gather(*(pool.acquire(()) for _ in range(5)), return_exceptions=True)
    assert {type(one) for one in told} == {Unreachable, asyncpg.TooManyConnectionsError}


async def test_who_leaves_while_it_is_told_leaves() -> None:
    server = Server(room=1)
    pool = server.pool()
    only = await pool.acquire(())
    waiting = asyncio.ensure_future(pool.acquire(()))
    await asyncio.sleep(0.01)
    only.driver.is_lost = True
    pool.release(only)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert pool.size == 0
