"""Servers and data that all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import PostgresTuning, Stack, start_stack
from tests import profiles  # noqa: F401  # before pytest asks hypothesis for one of them
from tests.databases import empty_database, migrated_database, migrated_template
from tests.emulator import bigquery
from tests.graph import ask, ask_compiled, ask_reference, ask_unguarded, sample_database, unguarded_database

__all__ = [
    "ask",
    "ask_compiled",
    "ask_reference",
    "ask_unguarded",
    "bigquery",
    "empty_database",
    "migrated_database",
    "migrated_template",
    "sample_database",
    "unguarded_database",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the project's own options."""
    parser.addoption("--write-golden", action="store_true", help="write the golden files again instead of comparing")
    parser.addoption("--fuzz-cases", type=int, default=0, help="how many random operations to try against the model")
    parser.addoption("--all-mutants", action="store_true", help="take away every rule and right, and not only a few")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """PostgreSQL and Valkey of their own for the test run: real servers that care for speed and not for a crash."""
    folder: Path = tmp_path_factory.mktemp("stack") / "data"
    running = start_stack(folder, owner="the tests", tuning=PostgresTuning(durable=False), report=lambda _: None)
    yield running
    running.stop()
