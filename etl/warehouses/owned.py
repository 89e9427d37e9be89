"""Warehouses with a DuckDB that belongs to the worker."""

from collections.abc import Sequence
from typing import Protocol

import duckdb

from etl.warehouses.interface import Warehouse
from etl.warehouses.tables import Tables


class OwnedWarehouse(Warehouse, Protocol):
    """A warehouse with a DuckDB of the worker's own, in which it keeps the history of its jobs too."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open DuckDB: the warehouse itself, or the journal of BigQuery."""

    @property
    def tables(self) -> Sequence[Tables]:
        """What can be exported; of tables under one name the first."""

    @property
    def problem(self) -> str | None:
        """What keeps readers from seeing what was taken in, None where nothing does."""
