"""The publication, kept in step with what lands: tables it had lost meanwhile, all or in part, are copied again."""

import datetime as dt
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import psycopg

from etl.changes import CopyAgain, TableShape
from etl.clock import has_passed
from etl.sources.commands import COMMANDS, ask_for_copy, repeat_erasures
from etl.sources.publication import hold, is_in_step, present_columns, publish, unidentified, unpublished
from etl.worker.source import Source

_LOG = logging.getLogger(__name__)
_EVERY: Final = dt.timedelta(seconds=10)


def bring_in_step(
    connection: psycopg.Connection,
    name: str,
    shapes: Sequence[TableShape],
    copied: Mapping[str, Sequence[str]] | None = None,
) -> Sequence[str]:
    """Bring the publication in step, and ask for copies of the tables that were not in it whole; return them.

    `copied` are those that the warehouse has, with the columns that the source had then, each with its type: what else
    is there is copied anyway when the stream begins. Without it all that the source has is asked for. Both in one
    transaction: a copy is begun when its changes are sent again, and none is forgotten. Where the publication had lost
    the table of commands, erasures are given again.
    """
    with connection.transaction():
        if is_in_step(connection, name, shapes):
            return []
        # What somebody takes out between the look and the change would be mended, and missed by nobody.
        hold(connection, name)
        known = {shape.table: _known_columns(connection, shape, copied) for shape in shapes}
        known[COMMANDS.table] = present_columns(connection, COMMANDS)
        lost = unpublished(connection, name, known)
        publish(connection, name, shapes)
        for table in lost:
            if table == COMMANDS.table:
                repeat_erasures(connection)
            else:
                # Its own name each time: a copy that is made for an earlier loss does not have this one's changes.
                ask_for_copy(connection, CopyAgain(table, f"unpublished:{table}:{os.urandom(4).hex()}"))
    return lost


def _known_columns(
    connection: psycopg.Connection, shape: TableShape, copied: Mapping[str, Sequence[str]] | None
) -> list[str]:
    """Return the columns that the source has and had at the last copy; none where there was no copy."""
    present = present_columns(connection, shape)
    if copied is None:
        return present
    if shape.table not in copied:
        return []
    columns = copied[shape.table]
    return [name for name in present if name == shape.key or any(told.startswith(f"{name} ") for told in columns)]


class PublicationGuard:
    """The duty that looks after the publication every ten seconds, as long as the stream runs."""

    name = "publication guard"

    def __init__(self, source: Source, shapes: Sequence[TableShape], streams: Callable[[], bool]) -> None:
        self._source = source
        self._shapes = shapes
        self._streams = streams
        self._unidentified: dict[str, str] = {}
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    def due(self, now: dt.datetime) -> bool:
        """Tell whether the last look is ten seconds ago."""
        return has_passed(_EVERY, self._last, now) and self._streams()

    def run(self) -> None:
        """Look, and mend what somebody took away."""
        self._last = dt.datetime.now(dt.UTC)
        try:
            with self._source.connect() as connection:
                self._look_at_identities(connection)
                # A table whose copy is still being made, or that was just made itself, has lost changes as well.
                lost = bring_in_step(connection, self._source.publication, self._shapes)
        except psycopg.OperationalError:
            # The stream tells of it.
            return
        if lost:
            _LOG.error("the publication lacked %s, or a part: mended, and they are copied again", ", ".join(lost))

    def _look_at_identities(self, connection: psycopg.Connection) -> None:
        """Tell of tables of which deletions do not come, and ask for copies of those of which they come again."""
        found = unidentified(connection, [shape.table for shape in self._shapes])
        for table in self._unidentified.keys() - found.keys():
            ask_for_copy(connection, CopyAgain(table, f"identified:{table}:{os.urandom(4).hex()}"))
            del self._unidentified[table]
        for table in found.keys() - self._unidentified.keys():
            _LOG.error("changes are missed or refused: %s", found[table])
            self._unidentified[table] = found[table]
