"""The operational database: a pool of connections, and one read-only snapshot an operation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import asyncpg
import orjson
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from security.errors import TimedOut, Unavailable
from security.principal import Principal

Record = Mapping[str, Any]
Statement = Select[Any]
Settings = tuple[tuple[str, str], ...]

_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects are not typed
_NO_CONNECTION = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError)


class Database:
    """A pool of connections to PostgreSQL under the gateway's own role, which may only read."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        viewers: "dict[int, Settings]",
        *,
        acquire_timeout: float,
        observe: Callable[[str], None] | None,
    ) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout
        self._observe = observe
        self._viewers = viewers

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
        viewers: dict[int, Settings] = {}

        async def prepare(connection: Any) -> None:
            # The server may give a new connection the number of one that is gone.
            viewers.pop(connection.get_server_pid(), None)
            await _prepare(connection)

        pool = await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            init=prepare,
            reset=_reset,
            server_settings={
                "application_name": "cienty-gateway",
                "statement_timeout": str(statement_timeout_ms),
                "timezone": "UTC",
                "search_path": "public",
            },
        )
        return cls(pool, viewers, acquire_timeout=acquire_timeout, observe=observe)

    @contextlib.asynccontextmanager
    async def snapshot(self, principal: Principal) -> AsyncIterator["Snapshot"]:
        """Give one consistent view of the data; no connection is taken before the first statement."""
        snapshot = Snapshot(self, principal)
        try:
            yield snapshot
        finally:
            await snapshot.close()

    async def fetch_json(self, principal: Principal, sql: str, arguments: Sequence[Any]) -> bytes | None:
        """Run one statement that gives one JSON text as varchar, and return its bytes."""
        self.notice(sql)
        connection = await self.acquire()
        try:
            with _told():
                await self.show(connection, principal)
                found: bytes | None = await connection.fetchval(sql, *arguments)
        finally:
            await self.release(connection)
        return found

    async def ping(self) -> None:
        """Return when the database has answered; raise `Unavailable` where it doesn't."""
        async with self._connection() as connection:
            await connection.execute("select 1")

    async def close(self) -> None:
        """Close all connections, after their operations have ended."""
        await self._pool.close()

    async def acquire(self) -> Any:
        """Return a connection of the pool, which must be given back by `release`."""
        try:
            return await self._pool.acquire(timeout=self._acquire_timeout)
        except TimeoutError as error:
            raise Unavailable("The database is busy: try again in a moment.") from error
        except (*_NO_CONNECTION, asyncpg.PostgresError) as error:
            raise Unavailable("The database does not answer now: try again in a moment.") from error

    async def release(self, connection: Any) -> None:
        """Give a connection back to the pool."""
        await self._pool.release(connection)

    async def show(self, connection: Any, principal: Principal) -> None:
        """Let the row policies know on a connection who looks; costs a round trip where that was somebody else."""
        server, settings = connection.get_server_pid(), principal.settings
        if self._viewers.get(server) == settings:
            return
        # Until it has worked nobody looks: a fault or a cancellation in between must not leave another's view.
        self._viewers.pop(server, None)
        told = ", ".join(f"set_config('{name}', ${at}, false)" for at, (name, _) in enumerate(settings, 1))
        await connection.fetchrow(f"select {told}", *(value for _, value in settings))
        self._viewers[server] = settings

    def notice(self, text: str) -> None:
        """Tell the observer of a statement."""
        if self._observe:
            self._observe(text)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        try:
            with _told():
                yield connection
        finally:
            await self.release(connection)


class Snapshot:
    """The data as of one moment: a read-only transaction in which the statements of an operation run in turn."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self._database = database
        self._principal = principal
        self._turn = asyncio.Lock()
        self._connection: Any = None
        self._askers: set[asyncio.Task[Any] | None] = set()
        self._is_over = False
        self._fault: Exception | None = None

    async def fetch(self, statement: Statement) -> Sequence[Record]:
        """Run a statement and return its rows."""
        sql, names, values = sql_of(statement)
        async with self._asked(sql) as connection:
            rows: Sequence[Record] = await connection.fetch(sql, *(values[name] for name in names))
        return rows

    async def fetch_json(self, sql: str, arguments: Sequence[Any]) -> bytes | None:
        """Run a statement that gives one JSON text as varchar, and return its bytes."""
        async with self._asked(sql) as connection:
            found: bytes | None = await connection.fetchval(sql, *arguments)
        return found

    async def close(self) -> None:
        """End the transaction, with what still runs in it, and give the connection back."""
        self._is_over = True
        # A loader's statement runs in a task of its own, which nobody cancels when the operation ends early.
        if left := [asker for asker in self._askers if asker and asker is not asyncio.current_task()]:
            for asker in left:
                asker.cancel()
            await asyncio.wait(left)
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not connection.is_closed():
                await connection.execute("rollback")
        except _NO_CONNECTION:
            pass  # The connection is gone, and its transaction with it.
        finally:
            await self._database.release(connection)

    @contextlib.asynccontextmanager
    async def _asked(self, sql: str) -> AsyncIterator[Any]:
        """Give the connection for a statement, when it is its turn."""
        asker = asyncio.current_task()
        self._askers.add(asker)
        try:
            async with self._turn:
                with _told():
                    connection = await self._begun()
                    self._database.notice(sql)
                    yield connection
        except Exception as error:
            self._fault = error
            raise
        finally:
            self._askers.discard(asker)

    async def _begun(self) -> Any:
        if self._is_over:
            raise asyncio.CancelledError
        if self._fault:
            # PostgreSQL would refuse the statement, with an error that says nothing of what went wrong.
            raise self._fault
        if self._connection is None:
            self._connection = await self._database.acquire()
            # Before the transaction, whose rollback would take it back.
            await self._database.show(self._connection, self._principal)
            await self._connection.execute("begin transaction isolation level repeatable read, read only")
        return self._connection


def sql_of(statement: Statement) -> tuple[str, Sequence[str], Mapping[str, Any]]:
    """Return a statement's text, the names of its parameters in their order, and the values of those bound now."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    values = {name: parameter.value for name, parameter in compiled.binds.items()}
    return compiled.string, compiled.positiontup or (), values


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn faults of the database that a client may be told of into theirs."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise TimedOut("The database took too long: ask for less, or filter more.") from error
    except _NO_CONNECTION as error:
        raise Unavailable("The database does not answer now: try again in a moment.") from error


async def _reset(connection: Any) -> None:
    """Do nothing where nothing is left behind: who looks is known of each connection, and no other state is set."""
    if connection.is_in_transaction():
        await connection.execute("rollback")


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "varchar", schema="pg_catalog", format="binary", encoder=str.encode, decoder=lambda text: text
    )
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )
