"""Tables of a warehouse as exports read them."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

import duckdb
import pyarrow as pa

from etl.warehouses.duckdb.batches import PIECE_ROWS, gathered

LAYERS: Final = ("marts", "core", "staging", "raw")
"""What may be read, in the order in which a bare name is looked for."""

_ROWS: Final = 100_000


class Tables(Protocol):
    """Tables of some layers, named `marts.customer_360`. Names that are passed are of those it gave."""

    layers: Sequence[str]

    def names(self) -> Sequence[str]:
        """Return the names of all tables, in the order of their layers."""

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns."""

    def distinct(self, table: str, column: str) -> tuple[int, int]:
        """Return how many rows a table has, and how many values in a column."""

    def rows(self, table: str, columns: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        """Give the rows in batches, all of one state of the warehouse."""


class DuckDBTables(Tables):
    """The tables of an open DuckDB; rows that wait for the end of their transaction or copy are none."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, layers: Sequence[str] = LAYERS) -> None:
        self._connection = connection
        self.layers = layers

    def names(self) -> Sequence[str]:
        """Return the names of all tables, in the order of their layers."""
        found = self._connection.cursor().execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema in"
            " (select unnest($1)) and not suffix(table_name, '__pending') and not suffix(table_name, '__copying')",
            [list(self.layers)],
        )
        return sorted((name for (name,) in found.fetchall()), key=lambda name: LAYERS.index(name.partition(".")[0]))

    def columns(self, table: str) -> Sequence[str]:
        """Return the names of a table's columns."""
        return [row[0] for row in self._connection.cursor().execute(f"describe {table}").fetchall()]

    def distinct(self, table: str, column: str) -> tuple[int, int]:
        """Return how many rows a table has, and how many values in a column."""
        counting = f"select count(*), count(distinct {_quoted(column)}) from {table}"
        ((rows, values),) = self._connection.cursor().execute(counting).fetchall()
        return rows, values

    @contextmanager
    def rows(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
        """Give the rows in batches, all of one state of the warehouse."""
        query = f"select {', '.join(map(_quoted, columns))} from {table}"
        with self._connection.cursor().sql(query).to_arrow_reader(PIECE_ROWS) as reader:
            yield gathered(reader, _ROWS)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
