"""What a worker needs of a warehouse."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from etl.changes import Batch, TableShape


class Fenced(Exception):
    """Another worker has taken over the warehouse: stop writing to it."""


class Warehouse(Protocol):
    """Takes batches in.

    The law of delivery: `append` is atomic, its rows, dead letters and checkpoint are there together or not at all.
    Rows committed at or before the checkpoint are known already and ignored, so that a source may send again whatever
    it is not sure of, in other cuts too. Rows committed after the batch's `through` stay invisible until a batch's
    `through` reaches their commit; they are lost when the warehouse is opened again, and are sent again.
    """

    def prepare(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables that are missing, and add the columns that are."""

    def fence(self, owner: str) -> None:
        """Become the one that writes; appends of others raise `Fenced` from here on."""

    def position(self) -> int | None:
        """Return the LSN up to which every commit is there, None before the first batch."""

    def append(self, batch: Batch) -> None:
        """Take a batch in, by the law of delivery; raises `Fenced`."""

    def compact(self, table: str) -> None:
        """Fold a table's newest changes into its base; what can be read stays the same."""

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands."""

    def close(self) -> None:
        """Let the warehouse go."""
