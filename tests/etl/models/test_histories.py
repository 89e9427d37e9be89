"""Whatever happened to the source, and in whatever order it came: models kept up to date are what full ones are."""

from pathlib import Path

import pytest

from etl.models.run import ModelRunner
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.models.conftest import Rows
from tests.etl.models.histories import History
from tests.profiles import examples

_RUNS = 5
_SEEDS = range(examples(1).max_examples)
_SNAPSHOTS = "core.fact_inventory_snapshots"
_OF_MOMENT = "marts.order_fulfilment"


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("has_copies", [True, False])
def test_models_kept_up_to_date_are_what_full_ones_are(seed: int, has_copies: bool, tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / f"history{seed}{has_copies:d}.duckdb")
    history = History(warehouse, seed, has_copies=has_copies)
    runner = ModelRunner.on_duckdb(warehouse.connection, tmp_path / "models")
    for _ in range(_RUNS):
        for _ in range(history.chance.randint(1, 15)):
            history.step()
        run = runner.run()
        assert run.is_good, (run.problem, [node for node in run.nodes if not node.is_good])
    kept = _tables(warehouse)
    # What was recorded stays, also where a copy told otherwise later.
    if not has_copies:
        warehouse.connection.execute(f"drop table {_SNAPSHOTS}")
    assert runner.run(full=True).is_good
    built = _tables(warehouse)
    assert len(built) > 25
    for name in built.keys() - {_OF_MOMENT}:
        assert kept[name] == built[name], name
    assert any(kept.values())
    warehouse.close()


def _tables(warehouse: DuckDBWarehouse) -> dict[str, Rows]:
    """Return the rows of all models that are tables."""
    cursor = warehouse.connection.cursor()
    names = cursor.execute("""
        select table_schema || '.' || table_name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema in ('intermediate', 'core', 'marts')
    """).fetchall()
    return {name: cursor.execute(f"from {name} order by all").fetchall() for (name,) in names}
