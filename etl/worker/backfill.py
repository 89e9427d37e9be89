"""The duty that copies tables again while the stream goes on: new ones, changed ones, and those somebody asks for."""

import datetime as dt
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from etl.changes import Batch, CopyAgain, SchemaChange, TableShape
from etl.warehouses.interface import Warehouse
from etl.worker.copying import Copier
from etl.worker.source import Source

_LOG = logging.getLogger(__name__)
# What is told of copies that have ended.
_REMEMBERED: Final = 50


class Backfill:
    """Copies one table at a time; a copy that was cut off is begun anew, also by the next worker.

    `streams` tells whether the stream runs: before, there is nothing that a copy could be beside of.
    """

    name = "backfill"

    def __init__(
        self, source: Source, shapes: Sequence[TableShape], warehouse: Warehouse, streams: Callable[[], bool]
    ) -> None:
        self._shapes = {shape.table: shape for shape in shapes}
        self._warehouse = warehouse
        self._copier = Copier(source, warehouse, self)
        self._streams = streams
        self._wanted: list[CopyAgain] = []
        self._under_way: CopyAgain | None = None
        # Copies that are whole, with the positions at which they can be read.
        self._unseen: list[tuple[CopyAgain, int]] = []
        self._told: dict[str, dict[str, object]] = {}
        for wanted in warehouse.asked():
            self.want(wanted)

    def want_all(self, tables: Iterable[str]) -> None:
        """Copy tables that the warehouse lacks, or lacks columns of; none that waits already to be copied whole.

        A copy that is under way is not enough: it may have been begun before what is lacking was there.
        """
        waiting = [one.table for one in self._wanted if one is not self._under_way and one.low is None]
        for table in tables:
            if table not in waiting:
                self.want(CopyAgain(table, f"new:{table}:{os.urandom(4).hex()}"))

    def want(self, wanted: CopyAgain) -> None:
        """Copy a table, or a part of it, when its turn comes; one that waits already is not copied twice."""
        if wanted.table not in self._shapes:
            _LOG.warning("somebody asked for a copy of a table that does not land in the warehouse")
            return
        if all(wanted.id != other.id for other in self._wanted):
            self._wanted.append(wanted)
            self._tell(wanted.id, table=wanted.table, state="waiting", done=0, total=0)

    def saw(self, batch: Batch, _seconds: float = 0.0) -> None:
        """Hear what is asked for in the log, and that copies can be read."""
        for control in batch.control:
            if isinstance(control, CopyAgain):
                self.want(control)
            elif isinstance(control, SchemaChange):
                self.want_all([control.shape.table])
        if self._unseen and not batch.is_partial:
            self._answer(batch.through)

    def due(self, _now: dt.datetime) -> bool:
        """Tell whether there is something to copy."""
        return bool(self._wanted) and self._streams()

    def run(self) -> None:
        """Copy what was asked for first."""
        wanted = self._wanted[0]
        self._under_way = wanted
        self._tell(wanted.id, state="copying", done=0)
        try:
            copied = self._copier.copy_again(self._shapes[wanted.table], wanted)
        except BaseException:
            # Others have their turn before it is tried again.
            self._under_way = None
            self._wanted.append(self._wanted.pop(0))
            raise
        self._unseen.append((wanted, copied.position))
        self._tell(wanted.id, state="done")
        self._wanted.pop(0)
        self._under_way = None

    def told(self) -> Sequence[Mapping[str, object]]:
        """Return how the latest copies stand, the oldest first."""
        return list(self._told.values())

    def note(self, text: str) -> None:
        """Hear of a step, and say so in the log."""
        _LOG.info("%s", text)

    def copying(self, _table: str, done: int, total: int) -> None:
        """Hear how far the copy has come, of the one table that is copied at a time."""
        self._tell(self._wanted[0].id, done=done, total=total)

    def _answer(self, through: int) -> None:
        """Forget requests whose copies can be read; a worker that is killed before copies once more."""
        for wanted, position in list(self._unseen):
            if position <= through:
                self._warehouse.answer(wanted)
                self._unseen.remove((wanted, position))

    def _tell(self, number: str, **said: object) -> None:
        # Replaced whole, because others read it meanwhile.
        kept = dict(list(self._told.items())[-_REMEMBERED:])
        self._told = {**kept, number: {**kept.get(number, {"id": number}), **said}}
