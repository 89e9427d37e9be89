"""When a source that is polled is asked, and for what."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from etl.clock import has_passed

ZONE: Final = ZoneInfo("America/Sao_Paulo")
"""The zone of the business's days."""


@dataclass(frozen=True)
class Pace:
    """How often the source is asked.

    `every` is between two looks for changed rows; `overlap` is how far back each of them looks, which is the longest
    that a transaction may take; `compared` is between two comparisons of tables that don't say when a row was changed;
    `keys_at` is when the keys of the others are compared, once a day in São Paulo; None leaves it to starts.
    """

    every: dt.timedelta = dt.timedelta(seconds=5)
    overlap: dt.timedelta = dt.timedelta(minutes=10)
    compared: dt.timedelta = dt.timedelta(hours=1)
    keys_at: dt.time | None = dt.time(3, 30)


@dataclass(frozen=True)
class Work:
    """What a round does beside looking for changed rows."""

    compares_tables: bool
    compares_keys: bool


@dataclass
class Schedule:
    """Remembers what was done; after a start everything is due."""

    pace: Pace
    _looked: dt.datetime | None = field(default=None, init=False)
    _compared: dt.datetime | None = field(default=None, init=False)
    _keys: dt.datetime | None = field(default=None, init=False)

    def seconds_until_due(self, now: dt.datetime) -> float:
        """Return in how many seconds the next round is due, 0 when it is."""
        if self._looked is None or has_passed(self.pace.every, self._looked, now):
            return 0.0
        return (self._looked + self.pace.every - now).total_seconds()

    def begin(self, now: dt.datetime) -> Work:
        """Return what is due, and count it as done."""
        self._looked = now
        compares_tables = self._compared is None or has_passed(self.pace.compared, self._compared, now)
        compares_keys = self._keys is None or (
            self.pace.keys_at is not None and self._keys < _last(self.pace.keys_at, now)
        )
        self._compared = now if compares_tables else self._compared
        self._keys = now if compares_keys else self._keys
        return Work(compares_tables, compares_keys)


def _last(at: dt.time, now: dt.datetime) -> dt.datetime:
    """Return when it was that time of the day for the last time."""
    local = now.astimezone(ZONE)
    today = dt.datetime.combine(local.date(), at, ZONE)
    return today if today <= local else dt.datetime.combine(local.date() - dt.timedelta(days=1), at, ZONE)
