"""Each warehouse in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.etl.warehouses.opening import BigQueryOpener, DuckDBOpener, Opener


@pytest.fixture(params=["duckdb", "bigquery"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    made = (
        DuckDBOpener(tmp_path)
        if request.param == "duckdb"
        else BigQueryOpener(tmp_path, request.getfixturevalue("bigquery").place())
    )
    yield made
    made.close()
