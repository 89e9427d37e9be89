"""A DuckDB file that this process owns and serves, as the worker does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from etl.warehouses.duckdb.serving import ServiceLimits, serve_queries
from resolvers.warehouse.served import ServedWarehouse


@contextmanager
def served(folder: Path, limits: ServiceLimits | None = None) -> Iterator[ServedWarehouse]:
    """Give a reader of a new warehouse with a table of 1,000 rows."""
    path = folder / "w.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("create or replace table marts.numbers as select i, i / 4 as q from range(1000) r(i)")
        connection.execute("create sequence if not exists marts.counter")
        with serve_queries(connection, path, limits or ServiceLimits()):
            yield ServedWarehouse(path)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ServedWarehouse]:
    with served(tmp_path) as asking:
        yield asking
