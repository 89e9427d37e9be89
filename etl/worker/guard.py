"""The guard of the source's disk: how much log the slot keeps there, against how much it may."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from etl.clock import has_passed
from etl.sources.postgres_wal.slot import SlotState, slot_state
from etl.worker.source import Source

_LOG = logging.getLogger(__name__)
_EVERY: Final = dt.timedelta(seconds=10)
_ALARM_SHARE: Final = 0.5
_LIMIT: Final = "select pg_size_bytes(current_setting('max_slot_wal_keep_size'))"


@dataclass(frozen=True)
class Exposure:
    """What the slot costs the source. `limit` is what it may keep in bytes, None where there is no limit."""

    slot: SlotState | None
    limit: int | None

    @property
    def used(self) -> float:
        """How much of the limit is used, from 0 to 1; 1 when it was exceeded, 0 where there is none."""
        if self.slot is None or not self.limit:
            return 0.0
        if self.slot.wal_status == "lost":
            return 1.0
        return min((self.slot.kept_bytes or 0) / self.limit, 1.0)

    @property
    def alarm(self) -> str | None:
        """What is wrong, and what to do about it."""
        if self.slot is None:
            return None
        if self.slot.wal_status == "lost":
            return "the slot is lost: the worker copies all tables again"
        if self.limit is None:
            return "max_slot_wal_keep_size is not set: a worker that stays away fills the source's disk; set it"
        if self.used >= _ALARM_SHARE:
            return (
                f"the slot keeps {self.used:.0%} of the log that it may (max_slot_wal_keep_size): "
                "start the worker or mend the warehouse before all tables have to be copied again"
            )
        return None


def exposure(connection: psycopg.Connection, slot: str) -> Exposure:
    """Ask the source what a slot costs it."""
    found = connection.execute(_LIMIT).fetchone()
    limit = int(found[0]) if found else -1
    return Exposure(slot_state(connection, slot), None if limit < 0 else limit)


class SlotGuard:
    """The duty that watches the slot and raises an alarm once, when one begins."""

    name = "slot guard"

    def __init__(self, source: Source, tell: Callable[[Exposure], None]) -> None:
        self._source = source
        self._tell = tell
        self._is_alarmed = False
        self._last = dt.datetime.min.replace(tzinfo=dt.UTC)

    def due(self, now: dt.datetime) -> bool:
        """Tell whether the last look is ten seconds ago."""
        return has_passed(_EVERY, self._last, now)

    def run(self) -> None:
        """Look at the slot."""
        self._last = dt.datetime.now(dt.UTC)
        try:
            with self._source.connect() as connection:
                found = exposure(connection, self._source.slot)
        except psycopg.OperationalError:
            # The stream tells of it.
            return
        self._tell(found)
        if found.alarm is not None and not self._is_alarmed:
            _LOG.error("%s", found.alarm)
        self._is_alarmed = found.alarm is not None
