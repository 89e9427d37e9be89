"""Duties of the worker that do jobs by the clock, and make up once for what was missed while no worker ran."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from etl.batch.history import History, Kind
from etl.batch.jobs import Jobs
from etl.clock import has_passed

ZONE: Final = ZoneInfo("America/Sao_Paulo")
_AGAIN_AFTER: Final = dt.timedelta(minutes=15)

Times = Callable[[dt.datetime], dt.datetime]
"""Returns the last time of a schedule that is not after a moment."""


def every(minutes: int) -> Times:
    """Return the times that are so many minutes apart, counted from midnight of São Paulo."""

    def last(now: dt.datetime) -> dt.datetime:
        local = now.astimezone(ZONE)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        past = int((local - midnight).total_seconds() // 60)
        return midnight + dt.timedelta(minutes=past - past % minutes)

    return last


def daily(at: dt.time) -> Times:
    """Return one time a day, in São Paulo."""

    def last(now: dt.datetime) -> dt.datetime:
        local = now.astimezone(ZONE)
        today = dt.datetime.combine(local.date(), at, ZONE)
        return today if today <= local else today - dt.timedelta(days=1)

    return last


@dataclass(frozen=True)
class Plan:
    """A job and when to do it. `kind` is what the history calls it, and `is_ready` whether it can be done yet."""

    job: str
    kind: Kind
    times: Times
    is_ready: Callable[[], bool] = lambda: True


class Scheduled:
    """Does a job once for each time of its plan.

    Several times that passed while no worker ran are made up by one run: jobs bring everything up to date, however long
    the pause was. A job that failed is tried again after a quarter of an hour, or at its next time if that is sooner.
    """

    def __init__(self, plan: Plan, jobs: Jobs, history: History) -> None:
        self.name = str(plan.kind)
        self._plan = plan
        self._jobs = jobs
        self._last_good = history.last_start(plan.kind)
        self._last_try: dt.datetime | None = None

    def due(self, now: dt.datetime) -> bool:
        """Tell whether a time has passed since the last run that was good; one that began after now says nothing."""
        time = self._plan.times(now)
        if self._last_good is not None and time <= self._last_good <= now:
            return False
        tried = self._last_try
        if tried is not None and tried >= time and not has_passed(_AGAIN_AFTER, tried, now):
            return False
        return self._plan.is_ready()

    def run(self) -> None:
        """Do the job."""
        began = self._last_try = dt.datetime.now(dt.UTC)
        if self._jobs.run(self._plan.job, {"origin": "schedule"}).get("good", True):
            self._last_good = began
