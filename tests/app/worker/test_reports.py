"""What a running worker tells of itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from app.settings import Settings
from app.worker.reports import reported, running_worker
from etl.worker.metrics import Metrics
from etl.worker.standing import Standing
from etl.worker.worker import Fed, Worker


def test_what_is_wrong_with_the_warehouse_is_told_unless_the_stream_has_a_fault(tmp_path: Path) -> None:
    settings, standing = Settings(data_dir=tmp_path / "data"), Standing()
    worker = Worker(cast("Fed", SimpleNamespace(standing=standing)), [])
    with reported(settings, worker, Metrics(standing), None, lambda: "BigQuery does not follow"):
        assert (running_worker(settings) or {})["fault"] == "BigQuery does not follow"
        standing.fail("the source is gone")
        assert (running_worker(settings) or {})["fault"] == "the source is gone"
    assert running_worker(settings) is None
