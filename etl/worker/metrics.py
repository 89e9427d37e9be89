"""What the worker counts, in Prometheus' form."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import pyarrow.compute as pc
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from etl.changes import Batch, Heartbeat
from etl.worker.guard import Exposure
from etl.worker.standing import Phase, Standing

_SECONDS: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Metrics of one worker. `registry` is what is scraped; `waiting` tells how many bytes were spilled."""

    def __init__(self, standing: Standing, waiting: Callable[[], int] = lambda: 0) -> None:
        self.registry = CollectorRegistry()
        # The source's time of the newest change or heartbeat that is in the warehouse; before the first, of the start.
        self._heard_at = time.time()
        self._has_heard = False
        self._count_deliveries()
        self._gauge_stream(standing)
        self._gauge_slot()
        self._count_duties()
        Gauge(
            "gateway_etl_spilled_bytes", "Changes on this disk that wait for the warehouse.", registry=self.registry
        ).set_function(waiting)

    def saw(self, batch: Batch, seconds: float) -> None:
        """Count a batch that is in the warehouse."""
        self._append.observe(seconds)
        self._position.set(batch.through)
        times = [control.at.timestamp() for control in batch.control if isinstance(control, Heartbeat)]
        for part in batch.changes:
            self._changes.labels(part.table).inc(part.records.num_rows)
            found = pc.min_max(part.records.column("_committed_at")).as_py()
            times += [found["min"].timestamp(), found["max"].timestamp()]
        for letter in batch.dead:
            self._dead.labels(letter.table).inc()
        # What tells of no commit has the time 0.
        times = [one for one in times if one > 0]
        if times and not batch.is_partial:
            self._hear(max(times))
            self._queryable.observe(max(0.0, time.time() - min(times)))

    def _hear(self, newest: float) -> None:
        """Take the newest time; after a pause the first one is hours ago, and tells how far behind the stream is."""
        self._heard_at = max(self._heard_at, newest) if self._has_heard else newest
        self._has_heard = True

    @property
    def lag_seconds(self) -> float:
        """Seconds since the newest change or heartbeat in the warehouse; below 6 when nothing is wrong."""
        return max(0.0, time.time() - self._heard_at)

    def exposed(self, found: Exposure) -> None:
        """Note what the slot costs the source."""
        self._slot_used.set(found.used)
        self._slot_alarm.set(found.alarm is not None)
        if found.slot is not None:
            self._slot_lag.set(found.slot.lag_bytes)
            self._slot_kept.set(found.slot.kept_bytes or 0)

    def ran(self, duty: str, seconds: float, is_good: bool) -> None:
        """Count a duty's run."""
        self._duties.labels(duty).observe(seconds)
        if not is_good:
            self._duty_failures.labels(duty).inc()

    def _count_deliveries(self) -> None:
        registry = self.registry
        self._changes = Counter("gateway_etl_changes", "Changes in the warehouse.", ["table"], registry=registry)
        self._dead = Counter("gateway_etl_dead_letters", "Changes that can't be cast.", ["table"], registry=registry)
        self._append = Histogram(
            "gateway_etl_append_seconds", "Appending a batch.", buckets=_SECONDS, registry=registry
        )
        self._queryable = Histogram(
            "gateway_etl_commit_to_queryable_seconds",
            "From the first commit of a batch until it can be queried.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._position = Gauge("gateway_etl_position_bytes", "LSN that the warehouse has reached.", registry=registry)

    def _gauge_stream(self, standing: Standing) -> None:
        phase = Gauge("gateway_etl_phase", "1 for the phase that the stream is in.", ["phase"], registry=self.registry)
        for one in Phase:
            phase.labels(one.value).set_function(partial(_is_in, standing, one))
        Gauge(
            "gateway_etl_lag_seconds", "Since the newest change or heartbeat in the warehouse.", registry=self.registry
        ).set_function(lambda: self.lag_seconds)
        Gauge(
            "gateway_etl_losses", "How often the source had lost changes since the start.", registry=self.registry
        ).set_function(lambda: standing.losses)

    def _gauge_slot(self) -> None:
        registry = self.registry
        self._slot_lag = Gauge("gateway_etl_slot_lag_bytes", "Log not acknowledged yet.", registry=registry)
        self._slot_kept = Gauge("gateway_etl_slot_kept_bytes", "Log kept because of the slot.", registry=registry)
        self._slot_used = Gauge("gateway_etl_slot_used_ratio", "Kept log of what may be kept.", registry=registry)
        self._slot_alarm = Gauge("gateway_etl_slot_alarm", "1 while the slot needs somebody.", registry=registry)

    def _count_duties(self) -> None:
        registry = self.registry
        self._duties = Histogram(
            "gateway_etl_duty_seconds", "Runs of duties.", ["duty"], buckets=_SECONDS, registry=registry
        )
        self._duty_failures = Counter("gateway_etl_duty_failures", "Runs that failed.", ["duty"], registry=registry)


def _is_in(standing: Standing, phase: Phase) -> float:
    return float(standing.phase is phase)
