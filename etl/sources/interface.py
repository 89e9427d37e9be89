"""What a worker needs of a source that is not PostgreSQL's own log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from etl.changes import Batch, TableShape


class Landed(Protocol):
    """What a source may ask of the warehouse: that is where it keeps what it remembers."""

    def position(self) -> int | None:
        """Return the position of the last batch, None before the first one."""

    def copied(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that were copied whole, with the columns that the source had then."""

    def batches(self, table: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give these columns of a table as it stands, in parts."""


class Feed(Protocol):
    """Changes, from where the warehouse stands on.

    Positions are numbers of the source's own that only grow. What was given and not appended is given again by the
    next feed; whatever was appended may be given again too, and the warehouse ignores it.
    """

    def next(self, seconds: float) -> Batch | None:
        """Return the next batch, None if there is none within the time.

        Raises SourceGone, and ChangesLost where going on would leave a gap.
        """

    def acknowledge(self, position: int) -> None:
        """Hear that everything up to a position is durable in the warehouse."""

    def close(self) -> None:
        """Let the source go."""


class Source(Protocol):
    """Gives feeds; the warehouse has to have tables of its `shapes`, which may be more than what is declared."""

    @property
    def shapes(self) -> Sequence[TableShape]:
        """The shapes of all tables that come."""

    def open(self, landed: Landed) -> Feed:
        """Begin where the warehouse stands; SourceGone when the source can't be reached."""
