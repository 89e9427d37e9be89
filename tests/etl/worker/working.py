"""A worker in a thread of the tests, on a database and a warehouse of its own."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from etl.changes import TableShape, table_shapes
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.backfill import Backfill
from etl.worker.compaction import Compaction
from etl.worker.pipeline import Pipeline
from etl.worker.publishing import PublicationGuard
from etl.worker.source import Source
from etl.worker.spill import Spill
from etl.worker.worker import Deliveries, Worker
from schema.entities import ENTITIES
from tests.etl.source_log import let_go, log_end
from tests.servers import wait_until

SHAPES = table_shapes(ENTITIES)


class Work:
    """What a running worker is made of, with questions to both of its ends."""

    def __init__(
        self,
        source: Source,
        path: Path | str,
        shapes: Sequence[TableShape] = SHAPES,
        spill: Path | None = None,
    ) -> None:
        self.source = source
        self.warehouse = DuckDBWarehouse(path)
        self.warehouse.prepare(shapes)
        self.deliveries = Deliveries()
        self.backfill = Backfill(source, shapes, self.warehouse, lambda: self.pipeline.standing.streams)
        self.pipeline = Pipeline(
            source,
            shapes,
            self.warehouse,
            self.deliveries,
            lacking=self.backfill.want_all,
            spill=Spill(spill, 10**8) if spill else None,
        )
        self.compaction = Compaction(self.warehouse, (shape.table for shape in shapes))
        self.deliveries.listeners += [self.compaction.saw, self.backfill.saw]
        publication = PublicationGuard(source, shapes, lambda: self.pipeline.standing.streams)
        self.worker = Worker(self.pipeline, [self.compaction, self.backfill, self.pipeline.outlet, publication])
        self._thread = threading.Thread(target=self.worker.run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.worker.stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.warehouse.close()

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        with psycopg.connect(self.source.url) as connection:
            connection.execute(statement, parameters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.connection.cursor().execute(query).fetchall()

    def caught_up(self) -> None:
        """Wait until everything that was committed so far is in the warehouse."""
        with psycopg.connect(self.source.url) as connection:
            end = log_end(connection)
            connection.execute("select pg_logical_emit_message(true, 'tests', '')")
        wait_until("the warehouse has caught up", lambda: (self.warehouse.position() or 0) >= end - 1)


def source_of(url: str) -> Source:
    return Source(url, slot=f"slot_{time.time_ns()}")


def forget(source: Source) -> None:
    """Drop what a worker leaves at its source."""
    with psycopg.connect(source.url, autocommit=True) as connection:
        let_go(connection, source.slot)


@contextmanager
def working(url: str, path: Path | str, shapes: Sequence[TableShape] = SHAPES) -> Iterator[Work]:
    """Run a worker until the end of the block; it streams when the block begins."""
    source = source_of(url)
    work = Work(source, path, shapes)
    work.start()
    try:
        assert work.pipeline.standing.wait_until_streaming(60), work.pipeline.standing.fault
        yield work
    finally:
        work.stop()
        forget(source)
