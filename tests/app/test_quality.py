"""Where a gateway finds the results of checks, whichever the warehouse is."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from app.quality import quality_results
from app.settings import Settings
from etl.quality.check import Check, Kind, judged
from etl.quality.keeping import keep_findings, prepare_results
from etl.warehouses.duckdb.serving import ServiceLimits, serve_queries


@pytest.mark.parametrize(
    ("url", "name"), [(None, "warehouse.duckdb"), ("bigquery://cienty/analytics", "bigquery-journal.duckdb")]
)
async def test_results_are_where_the_worker_keeps_them(url: str | None, name: str, tmp_path: Path) -> None:
    file = tmp_path / "warehouse" / name
    file.parent.mkdir()
    check = Check(Kind.SCHEMA, "raw.orders")
    with duckdb.connect(file) as connection, serve_queries(connection, file, ServiceLimits()):
        prepare_results(connection)
        keep_findings(connection, [judged(check, 5, 0)], dt.datetime.now(dt.UTC))
        results = quality_results(Settings(data_dir=tmp_path, warehouse_url=url))
        assert [row["name"] for row in await results.last()] == [check.name]
        await results.close()


def test_a_gateway_that_nobody_asks_does_without_arrow() -> None:
    script = "import sys, app.main; assert not {'pyarrow', 'duckdb'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", script], check=True)
