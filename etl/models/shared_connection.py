"""dbt on the worker's open DuckDB: a second connection to the file isn't possible, cursors of the first one are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments import Environment
from dbt.adapters.duckdb.environments.local import DuckDBConnectionWrapper, LocalEnvironment


class SharedEnvironment(LocalEnvironment):
    """Gives dbt a cursor of a connection that is someone else's, and never closes that connection."""

    def __init__(self, credentials: DuckDBCredentials, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(credentials)
        self._shared = connection

    def handle(self) -> Any:
        """Return a cursor for one of dbt's threads."""
        wrapper: Any = DuckDBConnectionWrapper
        return wrapper(self._shared.cursor(), self)

    def notify_closed(self) -> None:
        """Leave the connection open: a thread of dbt is done, the worker is not."""

    def close(self) -> None:
        """Leave the connection open."""


@contextmanager
def dbt_on(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let dbt, within the block, open every connection as a cursor of this one."""

    def shared(creds: DuckDBCredentials) -> Environment:
        return SharedEnvironment(creds, connection)

    create = environments.create
    environments.create = shared
    try:
        yield
    finally:
        environments.create = create
