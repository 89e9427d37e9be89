"""What is in the warehouse, counted once a minute for the metrics."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import duckdb
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.worker.status import Row, WarehouseStatus, look_at_warehouse
from etl.changes import TableShape
from etl.clock import has_passed

_EVERY: Final = dt.timedelta(seconds=60)


class Inventory(Collector):
    """A duty that counts, and a collector that tells: rows and dead letters of tables, how the last jobs ended."""

    name = "inventory"

    def __init__(self, connection: duckdb.DuckDBPyConnection, shapes: Sequence[TableShape]) -> None:
        self._connection = connection
        self._shapes = shapes
        self._found = WarehouseStatus(None)
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    def due(self, now: dt.datetime) -> bool:
        """Tell whether the last count is a minute ago."""
        return has_passed(_EVERY, self._last, now)

    def run(self) -> None:
        """Count."""
        self._last = dt.datetime.now(dt.UTC)
        self._found = look_at_warehouse(self._ask, self._shapes)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give what was counted last."""
        rows = GaugeMetricFamily("gateway_etl_rows", "Rows of a table in the warehouse.", labels=["table"])
        dead = GaugeMetricFamily("gateway_etl_dead_letters_waiting", "Changes that wait to be cast.", labels=["table"])
        for table in self._found.tables:
            rows.add_metric([table.table], table.rows)
            dead.add_metric([table.table], table.dead_letters)
        good = GaugeMetricFamily("gateway_etl_last_job_good", "1 where the last job was good.", labels=["kind"])
        ended = GaugeMetricFamily("gateway_etl_last_job_timestamp_seconds", "When it ended.", labels=["kind"])
        for run in {run.kind: run for run in reversed(self._found.runs) if run.ended_at}.values():
            good.add_metric([run.kind], float(run.result == "good"))
            ended.add_metric([run.kind], run.ended_at.timestamp() if run.ended_at else 0.0)
        yield from (rows, dead, good, ended)

    def _ask(self, sql: str) -> Sequence[Row]:
        rows: list[Row] = self._connection.cursor().sql(sql).to_arrow_table().to_pylist()
        return rows
