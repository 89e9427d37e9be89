"""A warehouse of demo data whose checks all pass, to plant faults in."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from etl.warehouses.duckdb.statements import CATALOGUE
from tests.etl.raw_tables import RawTables, with_demo


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("quality") / "demo.duckdb"
    with duckdb.connect(file) as connection:
        with_demo(connection)
        connection.execute(CATALOGUE)
    return file


@pytest.fixture(scope="session")
def demo(demo_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(demo_file) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def warehouse(demo: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo data, as it was again after the test."""
    demo.execute("begin")
    yield demo
    demo.execute("rollback")


@pytest.fixture
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        RawTables(connection)
        connection.execute(CATALOGUE)
        yield connection


@pytest.fixture
def own(demo: duckdb.DuckDBPyConnection, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo data in a file of the test's own, for what has transactions itself."""
    demo.execute(f"attach '{tmp_path / 'own.duckdb'}' as own; copy from database demo to own; detach own")
    with duckdb.connect(tmp_path / "own.duckdb") as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection
