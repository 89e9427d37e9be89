"""A small warehouse with the seeded demo data, its models built once for all tests of models."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.models.results import RunResult
from etl.models.run import ModelRunner
from tests.etl.raw_tables import RawTables, with_demo

Rows = list[tuple[Any, ...]]


@dataclass
class Built:
    """A warehouse whose models are built; `query` asks it."""

    raw: RawTables
    runner: ModelRunner
    first: RunResult

    def query(self, statement: str) -> Rows:
        return self.raw.connection.cursor().execute(statement).fetchall()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    folder: Path = tmp_path_factory.mktemp("models")
    with duckdb.connect(folder / "demo.duckdb") as connection:
        raw = with_demo(connection)
        runner = ModelRunner.on_duckdb(connection, folder)
        yield Built(raw, runner, runner.run())
