"""Parts of a copy put together, so that a warehouse that writes in large groups of rows writes each row once."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Final

from etl.changes import Changes, DeadLetter
from etl.sources.postgres_wal.snapshot import Part

# As many as DuckDB compresses together: fewer go to its log first, and to their place afterwards.
_ROWS: Final = 122_880
# What wide rows may take meanwhile; two of these are there at once, one being written and one being made.
_BYTES: Final = 32 * 2**20


@dataclass
class Gathered:
    """Rows of one table that go into the warehouse together, and those that are unfit."""

    changes: list[Changes] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows these are, with those that are unfit."""
        return len(self.dead) + sum(int(part.records.num_rows) for part in self.changes)

    @property
    def is_full(self) -> bool:
        """Whether they are enough to be written."""
        return self.rows >= _ROWS or sum(part.records.nbytes for part in self.changes) >= _BYTES


def gathered(parts: Iterator[Part]) -> Generator[Gathered, None, None]:
    """Give all parts, many at a time."""
    held = Gathered()
    for changes, dead in parts:
        held.changes += [changes] if changes else []
        held.dead += dead
        if held.is_full:
            yield held
            held = Gathered()
    if held.rows:
        yield held
