"""The operational database: a pool of connections, and one read-only snapshot an operation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, NoReturn, Self

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from resolvers.codecs import set_codecs
from resolvers.connection import Connection, State
from resolvers.pool import Busy, Pool, Unreachable
from security.errors import TimedOut, Unavailable
from security.principal import Principal

Record = Mapping[str, Any]
Statement = Select[Any]
Texts = Sequence[bytes | None]
"""A row of texts, as the server wrote them."""
Version = tuple[int, int]
"""PostgreSQL's: 18.1 is (18, 1)."""


class Planning(Enum):
    """When and how PostgreSQL plans a statement, as settings of the session.

    `ONCE` suits statements that read each level through an index, whatever the values: planning them again takes as
    long as running them. `ONE_ROW` is the same for those that begin at one row, for whose links PostgreSQL would
    sooner put a whole small table into a hash than look into its index. `EACH_TIME` suits those whose values tell how
    many rows are read: left to choose, PostgreSQL soon takes to a plan that was made without knowing them, and stays
    with it.
    """

    def __init__(self, *settings: tuple[str, str]) -> None:
        # Asking a member for its `value` takes as long as looking up a plan.
        self.settings = settings

    ONCE = (("plan_cache_mode", "force_generic_plan"), ("enable_hashjoin", "on"))
    ONE_ROW = (("plan_cache_mode", "force_generic_plan"), ("enable_hashjoin", "off"))
    EACH_TIME = (("plan_cache_mode", "force_custom_plan"), ("enable_hashjoin", "on"))


_OLDEST: Version = (0, 0)
_NO_CONNECTION = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says of a connection that the server ended between two statements: its farewell has come already,
    # the end of the stream has not.
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
_UNFINISHED = (
    # Deadlocks with changes of tables; on a standby, rows that the primary has cleared away.
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    # A table was changed since the statement was prepared, which in a transaction asyncpg can't do again.
    asyncpg.InvalidCachedStatementError,
)
"""What ends an operation for others' sake, and not its connection."""
_FAULTS = (asyncpg.QueryCanceledError, *_UNFINISHED, *_NO_CONNECTION)


class Database:
    """A pool of connections to PostgreSQL under the gateway's own role, which may only read."""

    def __init__(self, pool: Pool, *, version: Version, observe: Callable[[str], None] | None) -> None:
        self._pool = pool
        self._observe = observe
        self.version = version
        self.statements = 0
        """How many statements were run, transactions' own left out."""

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        statement_timeout_ms: int = 10_000,
        acquire_timeout: float = 2.0,
        observe: Callable[[str], None] | None = None,
    ) -> Self:
        """Connect. `observe` is told the text of each statement, which holds no values.

        A statement that runs longer than `statement_timeout_ms` is ended by the server. An operation that gets no
        connection within `acquire_timeout` seconds is refused.
        """

        async def connect() -> Any:
            connection = await asyncpg.connect(
                url,
                # Statements are kept as long as they are used.
                max_cached_statement_lifetime=0,
                server_settings={
                    "application_name": "cienty-gateway",
                    "statement_timeout": str(statement_timeout_ms),
                    "timezone": "UTC",
                    "search_path": "public",
                },
            )
            try:
                await set_codecs(connection)
            except BaseException:
                connection.terminate()
                raise
            return connection

        pool = Pool(connect, max_size=max_size, timeout=acquire_timeout)
        await pool.fill(max(min_size, 1))
        connection = await pool.acquire(())
        version = connection.driver.get_server_version()
        pool.release(connection)
        return cls(pool, version=(version.major, version.minor), observe=observe)

    @property
    def pool(self) -> Pool:
        """The connections."""
        return self._pool

    @contextlib.asynccontextmanager
    async def snapshot(self, principal: Principal) -> AsyncIterator["Snapshot"]:
        """Give one consistent view of the data; no connection is taken before the first statement."""
        snapshot = Snapshot(self, principal)
        try:
            yield snapshot
        finally:
            await snapshot.close()

    async def fetch(
        self, principal: Principal, planning: Planning, sql: str, arguments: Sequence[Any]
    ) -> Sequence[Texts]:
        """Run one statement that gives texts as varchar, and return the bytes of its rows."""
        self.notice(sql)
        state = (*principal.settings, *planning.settings)
        connection = self._pool.take(state) or await self.acquire(state)
        try:
            if connection.state != state:
                await connection.show(state)
            found: Sequence[Texts] = await connection.fetch(sql, arguments)
        except _FAULTS as error:
            _refuse(error, connection)
        finally:
            self._pool.release(connection)
        return found

    async def ping(self) -> None:
        """Return when the database has answered; raise `Unavailable` where it doesn't."""
        connection = await self.acquire(())
        try:
            await connection.driver.execute("select 1")
        except _FAULTS as error:
            _refuse(error, connection)
        finally:
            self._pool.release(connection)

    async def close(self) -> None:
        """Close all connections, after their operations have ended."""
        await self._pool.close()

    async def acquire(self, state: State) -> Connection:
        """Return a connection of the pool, which must be given back by `release`."""
        try:
            return await self._pool.acquire(state)
        except Busy:
            raise Unavailable("The database is busy: try again in a moment.") from None
        except (Unreachable, *_NO_CONNECTION, asyncpg.PostgresError) as error:
            raise Unavailable("The database does not answer now: try again in a moment.") from error

    def release(self, connection: Connection) -> None:
        """Give a connection back to the pool."""
        self._pool.release(connection)

    def notice(self, text: str) -> None:
        """Count a statement, and tell the observer of it."""
        self.statements += 1
        if self._observe:
            self._observe(text)


class Snapshot:
    """The data as of one moment: a read-only transaction in which the statements of an operation run in turn."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database = database
        self._principal = principal
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._askers: set[asyncio.Task[Any] | None] = set()
        self._is_over = False
        self._fault: Exception | None = None
        self.texts: list[str] = []
        """The statements that ran in it."""

    async def fetch(self, statement: Statement) -> Sequence[Record]:
        """Run a statement and return its rows."""
        sql, names, values = sql_of(statement)
        async with self._asked(sql) as connection:
            rows: Sequence[Record] = await connection.fetch(sql, *(values[name] for name in names))
        return rows

    async def fetch_texts(self, sql: str, arguments: Sequence[Any]) -> Sequence[Texts]:
        """Run a statement that gives texts as varchar, and return the bytes of its rows."""
        async with self._asked(sql) as connection:
            found: Sequence[Texts] = await connection.fetch(sql, *arguments)
        return found

    async def close(self) -> None:
        """End the transaction, with what still runs in it, and give the connection back."""
        self._is_over = True
        # A loader's statement runs in a task of its own, which nobody cancels when the operation ends early.
        left = [asker for asker in self._askers if asker and asker is not asyncio.current_task()]
        try:
            for asker in left:
                asker.cancel()
            if left:
                await asyncio.wait(left)
        finally:
            await self._give_back()

    async def _give_back(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not connection.driver.is_closed():
                await connection.driver.execute("rollback")
        except _NO_CONNECTION:
            pass  # The connection is gone, and its transaction with it.
        finally:
            self._database.release(connection)

    @contextlib.asynccontextmanager
    async def _asked(self, sql: str) -> AsyncIterator[Any]:
        """Give the connection for a statement, when it is its turn."""
        asker = asyncio.current_task()
        self._askers.add(asker)
        try:
            async with self._turn:
                connection = await self._begun()
                self._database.notice(sql)
                self.texts.append(sql)
                with _telling(connection):
                    yield connection.driver
        except Exception as error:
            self._fault = error
            raise
        finally:
            self._askers.discard(asker)

    async def _begun(self) -> Connection:
        if self._is_over:
            raise asyncio.CancelledError
        if self._fault:
            # PostgreSQL would refuse the statement, with an error that says nothing of what went wrong.
            raise self._fault
        if self._connection is None:
            state = (*self._principal.settings, *Planning.EACH_TIME.settings)
            self._connection = await self._database.acquire(state)
            with _telling(self._connection):
                # Before the transaction, whose rollback would take it back.
                await self._connection.show(state)
                await self._connection.driver.execute("begin transaction isolation level repeatable read, read only")
        return self._connection


def sql_of(statement: Statement, version: Version = _OLDEST) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    """Return a statement's text, the names of its parameters in their order, and the values of those bound now."""
    compiled = statement.compile(dialect=_dialect(version), compile_kwargs={"render_postcompile": True})
    values = {name: parameter.value for name, parameter in compiled.binds.items()}
    return compiled.string, compiled.positiontup or (), values


@cache
def _dialect(version: Version) -> Any:
    dialect: Any = asyncpg_dialect()
    dialect.server_version_info = version
    return dialect


@contextlib.contextmanager
def _telling(connection: Connection) -> Iterator[None]:
    """Turn faults of the database that a client may be told of into theirs."""
    try:
        yield
    except _FAULTS as error:
        _refuse(error, connection)


def _refuse(fault: Exception, connection: Connection) -> NoReturn:
    """Raise what a client is told of a fault; a connection that can't be used any more is ended."""
    if isinstance(fault, asyncpg.InterfaceError) and connection.is_at_rest:
        # What asyncpg does not send is no fault of the connection.
        raise fault
    if isinstance(fault, asyncpg.QueryCanceledError):
        raise TimedOut("The database took too long: ask for less, or filter more.") from fault
    if isinstance(fault, _UNFINISHED):
        raise Unavailable("The database could not finish this: try again in a moment, or ask for less.") from fault
    connection.driver.terminate()
    raise Unavailable("The database does not answer now: try again in a moment.") from fault
