"""The warehouses that the law of delivery is tested on: DuckDB, and BigQuery as its emulator has it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from etl.changes import TableShape
from etl.warehouses.bigquery.service import Place, Service
from etl.warehouses.bigquery.warehouse import BigQueryWarehouse, Pace
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.interface import Warehouse
from tests.etl.warehouses.things import SHAPE

# A test reads when it wants to, and compaction has no time to wait for.
AT_ONCE = Pace(sending=3600.0, folding=0.0)


class Opener(ABC):
    """Opens one warehouse, again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: list[Warehouse] = []

    def __call__(self, shapes: Sequence[TableShape] = (SHAPE,)) -> Warehouse:
        """Open it; it is empty the first time."""
        made = self.opened(self.folder / "w.duckdb")
        self._open.append(made)
        made.prepare(shapes)
        return made

    def close(self) -> None:
        for one in self._open:
            one.close()

    @abstractmethod
    def opened(self, path: Path) -> Warehouse: ...

    @abstractmethod
    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return what a table of the raw layer has, such as `things__log`, as readers see it."""

    @abstractmethod
    def kept(self, table: str) -> str:
        """Return all that is kept of a table, seen or not, as a text."""


class DuckDBOpener(Opener):
    def opened(self, path: Path) -> DuckDBWarehouse:
        self.made = DuckDBWarehouse(path)
        return self.made

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.made.connection.cursor().sql(f"from raw.{table}").to_arrow_table().to_pylist()
        )
        return found

    def kept(self, table: str) -> str:
        return str([self.rows(f"{table}__{part}") for part in ("log", "base", "pending", "copying")])


class BigQueryOpener(Opener):
    def __init__(self, folder: Path, place: Place) -> None:
        super().__init__(folder)
        self.place = place
        self.service = Service(place, patience=5.0)

    def opened(self, path: Path) -> BigQueryWarehouse:
        return BigQueryWarehouse(self.place, path, AT_ONCE, patience=5.0)

    def close(self) -> None:
        super().close()
        self.service.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        where = "where _committed_at >= timestamp '1900-01-01'" if table.endswith("__changes") else ""
        found: list[dict[str, Any]] = self.service.query(f"select * from {self.place.name(table)} {where}").to_pylist()
        return found

    def kept(self, table: str) -> str:
        return str([self.rows(f"{table}__{part}") for part in ("changes", "base")])
