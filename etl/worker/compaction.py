"""The duty that folds new changes into the tables' bases, so that reading stays cheap."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Final

from etl.changes import Batch
from etl.clock import has_passed
from etl.warehouses.interface import Warehouse

_EVERY: Final = dt.timedelta(seconds=5)
_ROWS: Final = 20_000


class Compaction:
    """Compacts a table after 20,000 changes, or 5 seconds after the last time if there was any change."""

    name = "compaction"

    def __init__(self, warehouse: Warehouse, tables: Iterable[str]) -> None:
        self._warehouse = warehouse
        # What an earlier worker left is not known: one look at every table.
        self._rows: Counter[str] = Counter(list(tables))
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    def saw(self, batch: Batch, _seconds: float = 0.0) -> None:
        """Count the rows of a batch that was appended."""
        for part in batch.changes:
            self._rows[part.table] += part.records.num_rows

    def due(self, now: dt.datetime) -> bool:
        """Tell whether a table has enough changes, or has had any for long enough."""
        # A copy, because the stream's thread goes on counting.
        counts = list(self._rows.values())
        return bool(counts) and (has_passed(_EVERY, self._last, now) or max(counts) >= _ROWS)

    def run(self) -> None:
        """Compact every table that changed."""
        self._last = dt.datetime.now(dt.UTC)
        for table in list(self._rows):
            rows = self._rows.pop(table)
            try:
                self._warehouse.compact(table)
            except BaseException:
                self._rows[table] += rows
                raise
