"""Going on after faults: what keeps a warehouse fed is begun again after growing pauses."""

import threading
from collections.abc import Callable
from typing import Final

import psycopg

from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.publication import NotPublishable
from etl.warehouses.interface import Fenced, WarehouseUnavailable
from etl.worker.standing import Phase, Standing

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 10.0
_FAULTS: Final = (SourceGone, ChangesLost, NotPublishable, Fenced, WarehouseUnavailable, psycopg.Error)


def keep_running(run: Callable[[threading.Event], None], standing: Standing, stop: threading.Event) -> None:
    """Run until `stop` is set, through every fault of source and warehouse.

    A fault is noted in `standing`. Pauses grow to ten seconds while the stream does not come about.
    """
    pause = _FIRST_PAUSE
    while not stop.is_set():
        try:
            run(stop)
        except _FAULTS as error:
            pause = _FIRST_PAUSE if standing.phase is Phase.STREAMING else min(2 * pause, _LONGEST_PAUSE)
            standing.fail(_reason(error))
            stop.wait(pause)
    standing.enter(Phase.STOPPED)


def _reason(error: Exception) -> str:
    """Return what ended a stream, in words that quote no rows."""
    if isinstance(error, psycopg.Error):
        return error.diag.message_primary or f"the connection to the source ended ({type(error).__name__})"
    return str(error)
