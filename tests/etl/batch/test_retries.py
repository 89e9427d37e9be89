"""Dead letters tried again as a job; how each is read again is tested beside the warehouses."""

from pathlib import Path

import pytest

from etl.batch.history import History
from etl.batch.jobs import JobRefused
from etl.batch.retries import RetryJob
from etl.changes import Batch, DeadLetter, table_shapes
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from schema.entities import ENTITIES


def test_letters_that_still_do_not_fit_are_told_and_noted(tmp_path: Path) -> None:
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb")
    shapes = table_shapes(ENTITIES)
    warehouse.prepare(shapes)
    warehouse.fence("a test")
    letter = DeadLetter("orders", 5, 0, 1, "total", "no number", b"?", form="no longer known")
    warehouse.append(Batch(5, dead=(letter,)))
    job = RetryJob(warehouse, shapes, History(warehouse.connection))
    assert job({"table": "pricing"}, print) == {"good": True, "redeemed": 0, "left": 0, "reasons": {}}
    outcome = job({}, print)
    assert (outcome["good"], outcome["redeemed"], outcome["left"]) == (False, 0, 1)
    assert "no number" in outcome["reasons"]["orders"][0]
    with pytest.raises(JobRefused, match="gateway_state does not land in the warehouse: name one of customer_tiers"):
        job({"table": "gateway_state"}, print)
    noted = warehouse.connection.execute("select result, rows, detail from pipeline.run order by started_at").fetchall()
    assert noted == [("good", 0, None), ("good", 0, "1 left")]
    warehouse.close()
