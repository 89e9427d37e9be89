"""The source that asks: keyset reads by the time of change, comparisons where there is none, deletions by keys."""

import contextlib
import datetime as dt
import time
from collections.abc import Iterator, Sequence
from typing import Final

import psycopg

from etl.changes import Batch, TableShape
from etl.sources.faults import SourceGone
from etl.sources.interface import Landed
from etl.sources.poll.delivered import Delivered
from etl.sources.poll.rounds import Round, stamp_of
from etl.sources.poll.schedule import Pace, Schedule, Work
from etl.sources.postgres_wal.stream import lively
from etl.sources.publication import source_columns

_QUIET: Final = dt.timedelta(seconds=30)
_NOW: Final = "select (extract(epoch from now()) * 1000000)::bigint"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Poll:
    """Asks a database, which may be a replica; the role has to read the tables and nothing more."""

    def __init__(self, url: str, shapes: Sequence[TableShape], pace: Pace) -> None:
        self._url = url
        self._shapes = tuple(shapes)
        self._pace = pace

    @property
    def shapes(self) -> Sequence[TableShape]:
        """The shapes of all tables that come."""
        return self._shapes

    def open(self, landed: Landed) -> "Polling":
        """Begin where the warehouse stands; SourceGone when the source can't be reached.

        Where row policies would hide rows from the role, reading fails: they would look like rows that were deleted.
        """
        try:
            said = lively(self._url, "-c row_security=off", application_name="gateway etl")
            connection = psycopg.connect(said, autocommit=True)
        except psycopg.OperationalError as error:
            raise SourceGone(f"the source can't be reached ({type(error).__name__})") from None
        return Polling(connection, self._shapes, self._pace, landed)


class Polling:
    """Rounds, one after the other.

    A position is the moment of a round, in microseconds from 1970 by the source's clock. What was delivered is learnt
    from the warehouse itself when it begins, so that nothing is missed or doubled by an end at any moment.
    """

    def __init__(
        self, connection: psycopg.Connection, shapes: Sequence[TableShape], pace: Pace, landed: Landed
    ) -> None:
        self._connection = connection
        self._shapes = shapes
        self._schedule = Schedule(pace)
        self._position = landed.position() or 0
        self._looked_at = self._position
        self._copied = {table: set(columns) for table, columns in landed.copied().items()}
        self._delivered = Delivered()
        self._letters: dict[tuple[str, int | None], bytes] = {}
        self._batches: Iterator[Batch] = iter(())
        for shape in shapes:
            known = landed.batches(shape.table, shape.names) if shape.table in self._copied else ()
            self._delivered.learn(shape, stamp_of(shape), known)

    def next(self, seconds: float) -> Batch | None:
        """Return the next batch of the round, or of the next one when it is due within the time."""
        batch = next(self._batches, None)
        if batch is not None:
            return batch
        pause = self._schedule.seconds_until_due(_now())
        time.sleep(min(pause, seconds))
        if pause > seconds:
            return None
        self._batches = self._round(self._schedule.begin(_now()))
        return next(self._batches, None)

    def acknowledge(self, position: int) -> None:
        """Nothing is to be done: the warehouse remembers."""

    def close(self) -> None:
        """Let the source go."""
        self._connection.close()
        self._delivered.close()

    def _round(self, work: Work) -> Iterator[Batch]:
        """Give what a round finds; the last batch has its position."""
        with self._snapshot() as now:
            moment = max(now, self._position + 1)
            made = Round(self._connection, self._delivered, self._letters, moment, self._position, self._since(now))
            is_empty = True
            for shape in self._shapes:
                for batch in self._of_table(made, shape, work):
                    is_empty = False
                    yield batch
        self._looked_at = now
        if not is_empty or moment - self._position >= _QUIET / dt.timedelta(microseconds=1):
            self._position = moment
            yield Batch(moment)

    def _of_table(self, made: Round, shape: TableShape, work: Work) -> Iterator[Batch]:
        """Give a table's changes, or all of it where it was not copied with the columns that the source has now."""
        columns = source_columns(self._connection, shape)
        if shape.table in self._copied and set(columns) <= self._copied[shape.table]:
            yield from made.changes(shape, work)
        elif columns:
            yield from made.copy(shape)
            self._copied[shape.table] = set(columns)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[int]:
        """Give the moment, in microseconds from 1970, whose state all reads within the context see."""
        run = self._connection.execute
        run("begin transaction isolation level repeatable read, read only")
        found = run(_NOW).fetchone()
        yield int(found[0]) if found else 0
        run("commit")

    def _since(self, now: int) -> dt.datetime | None:
        """Return from when on changed rows are looked for, None where nothing was looked for before.

        The look before may have been later than now, by a clock of the source that was ahead.
        """
        if not self._looked_at:
            return None
        return _EPOCH + dt.timedelta(microseconds=min(self._looked_at, now)) - self._schedule.pace.overlap


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
