"""A pool of connections that come back as they are: what is set on each is known and set again only to change it.

asyncpg's own pool resets a connection at each release, in a round trip and a task of its own: together three quarters
of what a short query costs (`docs/performance.md`).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import Any, Final

import asyncpg

from resolvers.connection import Connection, State

_PAUSE: Final = 0.5
"""Seconds for which nobody tries to connect after a server has refused it: an attempt takes a millisecond."""


class Busy(Exception):
    """No connection came free in time."""


class Unreachable(Exception):
    """There is no connection, and the server refused one a moment ago."""


class Pool:
    """At most so many connections. What came back last goes out first, so that few are busy and the others rest.

    A server may have room for fewer than the pool has. What it refuses is waited for among those that are open.
    """

    def __init__(self, connect: Callable[[], Awaitable[Any]], *, max_size: int, timeout: float) -> None:
        """Make a pool that opens connections by `connect`; `timeout` is how many seconds somebody waits for one."""
        self._connect = connect
        self._max_size = max_size
        self._timeout = timeout
        self._free: list[Connection] = []
        self._size = 0
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._all_back = asyncio.Event()
        self._connects_again = float("-inf")

    @property
    def size(self) -> int:
        """How many connections are open, or being opened."""
        return self._size

    @property
    def free(self) -> int:
        """How many of them wait for work."""
        return len(self._free)

    async def fill(self, size: int) -> None:
        """Open connections ahead of their use, as many of them as the server takes; raise where it takes none."""
        opened = [await self._opened() for _ in range(size)]
        for connection in opened:
            if connection is not None:
                self.release(connection)

    async def acquire(self, state: State) -> Connection:
        """Return a connection, one that has the settings already where such a one is free.

        Raise `Busy` or `Unreachable`, or what connecting raised where no connection is open that could be waited for.
        """
        connection = self.take(state)
        if connection is not None:
            return connection
        until = asyncio.get_running_loop().time() + self._timeout
        if self._size < self._max_size and not self._is_holding_off:
            opened = await self._opened(until)
            if opened is not None:
                return opened
        elif not self._size:
            raise Unreachable
        try:
            async with asyncio.timeout_at(until):
                return await self._next(until)
        except TimeoutError:
            raise Busy from None

    def take(self, state: State) -> Connection | None:
        """Return a free connection, one that has the settings already where there is one; None where none is free."""
        while self._free:
            # The one that came back last, most often.
            connection = self._free.pop() if self._free[-1].state == state else self._taken(state)
            if not connection.driver.is_closed():
                return connection
            self._size -= 1
        return None

    def release(self, connection: Connection) -> None:
        """Take a connection back; it goes to whoever has waited longest."""
        if connection.is_at_rest and not self._is_closed:
            waiter = self._waiter() if self._waiting else None
            if waiter is not None:
                waiter.set_result(connection)
            else:
                self._free.append(connection)
        elif connection.driver.is_closed():
            self._vacate()
        elif connection.is_cancelling and not self._is_closed:
            # Whether it is in a transaction is seen when that has ended.
            self._see_to(self._settle(connection))
        else:
            # A transaction that is still open has been left by a cancellation in its end.
            self._see_to(self._retire(connection))

    async def close(self) -> None:
        """Close all connections, after those in use have come back."""
        self._is_closed = True
        for connection in self._free:
            with contextlib.suppress(OSError):
                await connection.driver.close()
        self._size -= len(self._free)
        self._free.clear()
        if self._size:
            await self._all_back.wait()

    def terminate(self) -> None:
        """End the connections that wait for work, without a word to the server; those in use end at their return."""
        self._is_closed = True
        while self._free:
            self._free.pop().driver.terminate()
            self._size -= 1

    def _taken(self, state: State) -> Connection:
        free = self._free
        for at in range(len(free) - 2, -1, -1):
            if free[at].state == state:
                return free.pop(at)
        return free.pop()

    @property
    def _is_holding_off(self) -> bool:
        return monotonic() < self._connects_again

    async def _opened(self, until: float | None = None) -> Connection | None:
        self._size += 1
        return await self._opened_in_room(until)

    async def _opened_in_room(self, until: float | None) -> Connection | None:
        """Open a connection where there is room that is counted already; None where one can only be waited for.

        A server that has not let anybody in by `until`, in the loop's time, has refused it.
        """
        if self._is_closed:
            self._vacate()
            raise Busy
        try:
            async with asyncio.timeout_at(until):
                return Connection(await self._connect())
        except Exception:
            self._connects_again = monotonic() + _PAUSE
            self._vacate()
            if not self._size:
                raise
            return None
        except BaseException:
            self._vacate()
            raise

    async def _next(self, until: float) -> Connection:
        """Wait for a connection that comes back, or for the room that a lost one leaves."""
        while True:
            found = await self._given() or await self._opened_in_room(until)
            if found is not None:
                return found

    async def _given(self) -> Connection | None:
        """Wait for what somebody else leaves: a connection, or None for the room of one."""
        waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            raise

    def _pass_on(self, left: Connection | None) -> None:
        if left is None:
            self._vacate()
        else:
            self.release(left)

    def _see_to(self, end: Coroutine[Any, Any, None]) -> None:
        """Have something done to a connection that nobody waits for."""
        task = asyncio.create_task(end)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _settle(self, connection: Connection) -> None:
        """Take a connection back when what was cancelled on it has ended; end one where that takes too long."""
        has_ended = False
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timeout):
                    await connection.end_of_cancelling()
                has_ended = True
        finally:
            if not has_ended:
                connection.driver.terminate()
            self.release(connection)

    async def _retire(self, connection: Connection) -> None:
        """Close a connection; what was cancelled on it ends at the server too."""
        try:
            await connection.driver.close(timeout=self._timeout)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.driver.terminate()
        finally:
            self._vacate()

    def _vacate(self) -> None:
        """Note that a connection is gone; its room goes to whoever has waited longest, and to nobody before them."""
        waiter = None if self._is_holding_off else self._waiter()
        if waiter is not None:
            waiter.set_result(None)
            return
        self._size -= 1
        if self._size:
            return
        # Nothing is left that could come back.
        while (waiter := self._waiter()) is not None:
            waiter.set_exception(Unreachable())
        if self._is_closed:
            self._all_back.set()

    def _waiter(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None
