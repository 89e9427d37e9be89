"""A process that is a worker on the audited tables: the pipeline and compaction, as the gateway composes them."""

import contextlib
import os
import signal
from pathlib import Path

from etl.changes import Batch
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker import failpoints, streaming
from etl.worker.compaction import Compaction
from etl.worker.pipeline import Pipeline
from etl.worker.source import Source
from etl.worker.worker import Deliveries, Worker
from tests.crash.etl.source import PUBLICATION, SLOT, shapes


def work(url: str, path: Path, status: Path, fail_point: str | None) -> None:
    """Work until SIGTERM, or until the fail point is reached.

    A line of `status` tells how far the warehouse is, and how often changes were lost. Batches are small, so that large
    transactions come in parts.
    """
    if fail_point:
        failpoints.arm(fail_point)
    streaming._ROWS = 400  # type: ignore[misc]  # final everywhere else
    landing = shapes()
    with contextlib.closing(DuckDBWarehouse(path)) as warehouse:
        warehouse.prepare(landing)
        deliveries = Deliveries()
        pipeline = Pipeline(Source(url, SLOT, PUBLICATION), landing, warehouse, deliveries)
        compaction = Compaction(warehouse, [shape.table for shape in landing])

        def tell(batch: Batch, _: float) -> None:
            part = status.with_suffix(f".{os.getpid()}")
            part.write_text(f"{batch.through} {pipeline.standing.losses}")
            part.replace(status)

        deliveries.listeners += [compaction.saw, tell]
        worker = Worker(pipeline, [compaction])
        signal.signal(signal.SIGTERM, lambda *_: worker.stop.set())
        worker.run()
