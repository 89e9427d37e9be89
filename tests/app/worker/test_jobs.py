"""When the configured worker does its jobs."""

import datetime as dt
from pathlib import Path

import pytest

from app.settings import Settings
from app.worker import jobs
from app.worker.jobs import jobs_of, scheduled_duties
from etl.batch.history import Kind
from etl.changes import table_shapes
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.standing import Phase, Standing
from schema.entities import ENTITIES


@pytest.mark.parametrize("built", [None, Kind.MODELS, Kind.FULL_MODELS])
def test_models_are_checked_once_they_were_built_in_any_way(
    built: Kind | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_SETTLED_SECONDS", 0.0)
    settings, standing = Settings(etl_models_minutes=0), Standing()
    warehouse = DuckDBWarehouse(":memory:")
    warehouse.prepare(table_shapes(ENTITIES))
    made = jobs_of(settings, warehouse, tmp_path / "w.duckdb", None)
    if built is not None:
        with made.history.noted(built, "command") as note:
            note.ended(good=True, rows=1)
    standing.enter(Phase.STREAMING)
    (checks,) = [duty for duty in scheduled_duties(settings, warehouse, made, standing) if duty.name == "checks"]
    assert checks.due(dt.datetime.now(dt.UTC)) is (built is not None)
    warehouse.close()
