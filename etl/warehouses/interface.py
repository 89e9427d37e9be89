"""What a worker needs of a warehouse."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

import pyarrow as pa

from etl.changes import Batch, Changes, CopyAgain, DeadLetter, TableShape

HISTORY: Final = dt.timedelta(days=400)
"""How long changes are kept that are in a base: models that are built anew show the same month of last year."""


class Fenced(Exception):
    """Another worker has taken over the warehouse: stop writing to it."""


class WarehouseUnavailable(Exception):
    """The warehouse can't take a batch in now, and has taken nothing of it: try again. Its text quotes no rows."""


class Warehouse(Protocol):
    """Takes batches in.

    The law of delivery: `append` is atomic, its rows, dead letters and checkpoint are there together or not at all.
    Rows committed at or before the checkpoint are known already and ignored, so that a source may send again whatever
    it is not sure of, in other cuts too. Rows committed after the batch's `through` stay invisible until a batch's
    `through` reaches their commit; they are lost when the warehouse is opened again, and are sent again.

    The law of copies: copied rows (`SNAPSHOT`) count as committed at the moment of the copy, and are taken in even
    where that is at or before the checkpoint. They never take the place of a newer change, nor bring back a row that
    was deleted since. The copy of a whole table stands between the marks `copy_begins` and `copy_ends`: it is seen
    and what is not in it goes, in one step, when it is whole and `through` reaches its moment. Values that a change
    left out are taken from the copy.

    Columns that come with the rows and are not in the table are added to it, and an alert is raised.
    """

    def prepare(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables that are missing, and bring the others into their shapes.

        A column that is added, renamed or retyped makes the table one that is to be copied again. A column whose type
        can't hold the earlier values begins anew, and an alert is raised; the earlier values stay in the log.
        """

    def fence(self, owner: str) -> None:
        """Become the one that writes; appends of others raise `Fenced` from here on."""

    def position(self) -> int | None:
        """Return the LSN up to which every commit is there, None before the first batch."""

    def copied(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that were copied whole since they got their columns.

        With each go the columns that the source had then, as `CopiedColumns` has told them.
        """

    def asked(self) -> Sequence[CopyAgain]:
        """Return the copies that batches asked for and that were not answered yet, in the order of their coming."""

    def answer(self, wanted: CopyAgain) -> None:
        """Forget that a copy was asked for: it can be read."""

    def restart(self) -> None:
        """Forget the position, the copies and what was asked for, because the source lost changes or was set back.

        What is there can be read until copies take its place.
        """

    def append(self, batch: Batch) -> None:
        """Take a batch in, by the law of delivery; raises `Fenced` and `WarehouseUnavailable`."""

    def compact(self, table: str) -> None:
        """Fold a table's newest changes into its base; what can be read stays the same."""

    def prune(self, keep: dt.timedelta = HISTORY) -> int:
        """Take changes away that are in a base and older than this; return how many."""

    def letters(self, table: str | None = None) -> Sequence[DeadLetter]:
        """Return the dead letters, of one table or all, in the order of the changes."""

    def redeem(self, letter: DeadLetter, changes: Changes | None) -> bool:
        """Put a dead letter's change into its table, unless a newer one of the row is there; the letter goes.

        False, and the letter stays, while it needs values of another dead letter, or still can't be read (None) and
        nothing newer is there.
        """

    def degraded(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that lack something, each with the reasons: dead letters by column, and alerts."""

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands."""

    def batches(self, table: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give these columns of a table, in parts, with everything that was taken in."""

    def close(self) -> None:
        """Let the warehouse go."""
