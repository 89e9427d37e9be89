"""Parts of a copy put together, so that a warehouse that writes in large groups of rows writes each row once."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from etl.changes import Changes, DeadLetter
from etl.sources.postgres_wal.snapshot import Part

# As many as DuckDB compresses together: fewer go to its log first, and to their place afterwards.
_ROWS: Final = 122_880
# What wide rows may take meanwhile; two of these are there at once, one being written and one being made.
_BYTES: Final = 32 * 2**20


@dataclass(frozen=True)
class Gathered:
    """Rows of one table that go into the warehouse together, and those that are unfit."""

    changes: Changes | None
    dead: Sequence[DeadLetter]

    @property
    def rows(self) -> int:
        """How many rows these are, with those that are unfit."""
        return len(self.dead) + (self.changes.records.num_rows if self.changes else 0)


def gathered(parts: Iterator[Part], expected: int = 0) -> Generator[Gathered, None, None]:
    """Give all parts, many at a time; of as many rows as are expected, the last ones go with those before."""
    held = _Held(expected)
    for changes, dead in parts:
        held.dead += dead
        rest = held.take(changes)
        while held.is_full:
            yield held.given()
            rest = held.take(rest)
    if held.rows or held.dead:
        yield held.given()


@dataclass
class _Held:
    """What is put together; so many rows are to come, as far as that is known."""

    expected: int
    parts: list[Changes] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    rows: int = 0

    @property
    def is_full(self) -> bool:
        """Whether these are enough to be written."""
        is_much = sum(part.records.nbytes for part in self.parts) >= _BYTES
        return is_much or self.rows >= self._size or len(self.dead) >= _ROWS

    def take(self, changes: Changes | None) -> Changes | None:
        """Take as many rows as there is room for; return the others."""
        if changes is None:
            return None
        room = self._size - self.rows
        taken, rest = changes.records.slice(0, room), changes.records.slice(room)
        self.parts.append(Changes(changes.table, taken))
        self.rows += taken.num_rows
        return Changes(changes.table, rest) if rest.num_rows else None

    def given(self) -> Gathered:
        """Return what is held, and hold nothing. DuckDB would put rows together that come in several records."""
        joined = pa.concat_batches([part.records for part in self.parts]) if self.parts else None
        given = Gathered(Changes(self.parts[0].table, joined) if joined else None, self.dead)
        self.expected -= self.rows
        self.parts, self.dead, self.rows = [], [], 0
        return given

    @property
    def _size(self) -> int:
        return self.expected if _ROWS < self.expected < 2 * _ROWS else _ROWS
