"""What ends by a fault is begun again, with pauses that grow until it has streamed."""

import threading

import psycopg
import pytest

from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.publication import NotPublishable
from etl.warehouses.interface import Fenced, WarehouseUnavailable
from etl.worker.retrying import keep_running
from etl.worker.standing import Phase, Standing

FAULTS = [
    SourceGone("gone"),
    ChangesLost("lost"),
    NotPublishable("not published"),
    Fenced("fenced"),
    WarehouseUnavailable("full"),
    psycopg.OperationalError("host=secret"),
]


class Stop(threading.Event):
    """An event that nobody waits for; it keeps what was to be waited."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return self.is_set()


def test_pauses_grow_and_are_short_again_after_the_stream_ran() -> None:
    standing, stop, runs = Standing(), Stop(), iter([None] * 7 + [Phase.STREAMING, None])

    def run(stop: threading.Event) -> None:
        phase = next(runs, Phase.STOPPED)
        if phase is Phase.STOPPED:
            stop.set()
            return
        standing.enter(phase or Phase.CONNECTING)
        raise SourceGone("gone")

    keep_running(run, standing, stop)
    assert stop.pauses == pytest.approx([0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 0.2, 0.4])
    assert (standing.phase, standing.fault) == (Phase.STOPPED, "gone")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_every_fault_of_source_and_warehouse_passes_and_is_told_without_data(fault: Exception) -> None:
    standing, stop, faults = Standing(), Stop(), [fault]

    def run(stop: threading.Event) -> None:
        if faults:
            raise faults.pop()
        stop.set()

    keep_running(run, standing, stop)
    assert standing.fault is not None
    assert "secret" not in standing.fault


def test_what_is_wrong_with_the_worker_itself_ends_it() -> None:
    def run(_: threading.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        keep_running(run, Standing(), Stop())
