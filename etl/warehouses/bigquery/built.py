"""What the models have built in BigQuery, as exports read it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import pyarrow as pa
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from etl.warehouses.bigquery.service import ONCE, SECONDS, Service
from etl.warehouses.tables import LAYERS, Tables

BUILT: Final = tuple(layer for layer in LAYERS if layer != "raw")
"""The layers that BigQuery has and the journal has not."""


class BuiltTables(Tables):
    """The star, the marts and what they are made of, in the datasets of their layers.

    Rows come by pages of BigQuery's REST interface, which costs what the query reads and nothing more.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.layers = BUILT

    def names(self) -> Sequence[str]:
        """Return the names of all tables, in the order of their layers."""
        return [f"{layer}.{name}" for layer in BUILT for name in self._service.ask(partial(self._in, layer))]

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns."""
        return [field.name for field in self._found(table).schema]

    def distinct(self, table: str, column: str) -> tuple[int, int]:
        """Return how many rows a table has, and how many values in a column."""
        counted = f"count(*) as number, count(distinct {_quoted(column)}) as different"
        [found] = self._service.query(f"select {counted} from {self._all_of(table)}").to_pylist()
        return found["number"], found["different"]

    @contextmanager
    def rows(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
        """Give the rows in batches: a query's answer is of one state."""
        job = self._service.run(f"select {', '.join(map(_quoted, columns))} from {self._all_of(table)}")
        batches = self._service.ask(job.result).to_arrow_iterable()
        first = next(batches, None)
        if first is None:
            yield self._service.rows(job).to_reader()
            return

        def following() -> Iterator[pa.RecordBatch]:
            yield first
            yield from batches

        yield pa.RecordBatchReader.from_batches(first.schema, following())

    def _in(self, layer: str) -> list[str]:
        place = self._service.place
        dataset = bigquery.DatasetReference(place.project, f"{place.dataset}_{layer}")
        try:
            return sorted(one.table_id for one in self._service.rest.list_tables(dataset, retry=ONCE, timeout=SECONDS))
        except NotFound:
            # Nothing was built there yet.
            return []

    def _found(self, table: str) -> bigquery.Table:
        return self._service.ask(lambda: self._service.rest.get_table(self._path(table), retry=ONCE, timeout=SECONDS))

    def _all_of(self, table: str) -> str:
        """Return all rows of a table as SQL has them; facts refuse to be read without a condition on their day."""
        found, name = self._found(table), f"`{self._path(table)}`"
        partitioning = found.time_partitioning
        if partitioning is None or partitioning.field is None:
            return name
        day = _quoted(partitioning.field)
        return f"{name} where {day} >= '0001-01-01' or {day} is null"

    def _path(self, table: str) -> str:
        place = self._service.place
        return f"{place.project}.{place.dataset}_{table}"


def _quoted(name: str) -> str:
    return f"`{name}`"
