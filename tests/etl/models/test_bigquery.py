"""The models on BigQuery: all of them compile, and those that the emulator's SQL can say are built on it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from etl.changes import Batch, Changes, table_shapes
from etl.models.run import ModelRunner
from etl.models.target import BigQueryTarget
from etl.warehouses.bigquery.service import Service
from etl.warehouses.bigquery.warehouse import BigQueryWarehouse
from schema.entities import ENTITIES
from tests.emulator import Emulator
from tests.etl.warehouses.opening import AT_ONCE
from tests.etl.warehouses.things import AT, INSERT


@pytest.fixture(scope="module")
def runner(bigquery: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelRunner]:
    """A runner on a warehouse with two categories, one of them below the other."""
    folder: Path = tmp_path_factory.mktemp("models")
    place = bigquery.place()
    shapes = {shape.table: shape for shape in table_shapes(ENTITIES)}
    shape = shapes.pop("categories")
    made = BigQueryWarehouse(place, folder / "journal.duckdb", AT_ONCE)
    made.prepare([shape])
    meta = {"_op": INSERT, "_commit_lsn": 1, "_committed_at": AT, "_unchanged": 0}
    rows = [
        {**meta, "_seq": 0, "_key": 1, "id": 1, "name": "Medicamentos"},
        {**meta, "_seq": 1, "_key": 2, "id": 2, "name": "Genéricos", "parent_id": 1},
    ]
    made.append(Batch(1, (Changes("categories", pa.RecordBatch.from_pylist(rows, shape.records)),)))
    made.read("categories")
    # A run asks every log how far it is.
    service = Service(place)
    for table in shapes:
        service.query(f"create table {place.name(f'{table}__log')} (_load_id int64)")
    service.close()
    target = BigQueryTarget(place.project, place.dataset, api_endpoint=place.rest_endpoint, threads=2)
    yield ModelRunner(target, folder / "dbt")
    made.close()


def test_every_model_compiles(runner: ModelRunner) -> None:
    compiled = runner.compile()
    assert (compiled.problem, [node for node in compiled.nodes if not node.is_good]) == (None, [])
    assert len(runner.compiled()) > 40
    assert "duckdb" not in " ".join(runner.compiled().values()).lower()


def test_facts_are_laid_out_by_day(runner: ModelRunner) -> None:
    assert runner.compile().problem is None
    assert runner._manifest is not None
    for name, day in (("fact_orders", "order_date"), ("fact_inventory_snapshots", "snapshot_date")):
        config = runner._manifest.nodes[f"model.cienty.{name}"].config
        assert config.get("partition_by") == {"field": day, "data_type": "date", "granularity": "day"}
        assert config.get("require_partition_filter")
        assert config.get("cluster_by")
        assert config.get("incremental_strategy") == "insert_overwrite"
        assert config.get("labels") == {"part": "warehouse", "layer": "core"}


def test_models_are_built_on_what_the_worker_sent(runner: ModelRunner, bigquery: Emulator) -> None:
    built = runner.run(full=True, select=["stg_categories", "int_categories"])
    assert (built.problem, [node for node in built.nodes if not node.is_good]) == (None, [])
    assert len(built.nodes) == 2
