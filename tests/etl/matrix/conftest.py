"""A table of the source and its copy, on a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.etl.matrix.pair import Pair


@pytest.fixture
def pair(empty_database: str, tmp_path: Path) -> Iterator[Pair]:
    """The table `things` with a worker that has copied it, and streams."""
    made = Pair(empty_database, tmp_path)
    made.run("insert into things select n, n, n / 3.0, '2026-01-01', '2026-01-01', 'old' from generate_series(1, 20) n")
    made.start()
    yield made
    made.close()
