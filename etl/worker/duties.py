"""What a worker does from time to time beside streaming, each duty in a thread of its own."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

_LOG = logging.getLogger(__name__)
_LOOK_EVERY: Final = 0.2
_PAUSE_AFTER_FAULT: Final = 5.0


Ran = Callable[[str, float, bool], None]


class Duty(Protocol):
    """Something to be done again and again; a duty that fails is tried again and stops nothing else."""

    @property
    def name(self) -> str:
        """What the log and the metrics call it."""

    def due(self, now: dt.datetime) -> bool:
        """Tell whether it is time; asked several times a second, so it has to be cheap."""

    def run(self) -> None:
        """Do it. Runs beside streaming and the other duties, never beside itself."""


class Roster:
    """Runs duties until it is told to stop. `ran` hears of each run: the duty, its seconds, whether it succeeded."""

    def __init__(self, duties: Sequence[Duty], stop: threading.Event, ran: Ran = lambda *_: None) -> None:
        self._stop = stop
        self._ran = ran
        self._threads = [
            threading.Thread(target=self._keep, args=[duty], name=duty.name, daemon=True) for duty in duties
        ]

    def start(self) -> None:
        """Let each duty begin."""
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the duties that are running, at most this long for all of them."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))

    def _keep(self, duty: Duty) -> None:
        while not self._stop.is_set():
            is_good = True
            try:
                if duty.due(dt.datetime.now(dt.UTC)):
                    is_good = self._run(duty)
            except Exception:  # noqa: BLE001 - whatever it is, the other duties and the stream go on
                _LOG.exception("whether the duty %s is due can't be told", duty.name)
                is_good = False
            self._stop.wait(_LOOK_EVERY if is_good else _PAUSE_AFTER_FAULT)

    def _run(self, duty: Duty) -> bool:
        start, is_good = time.monotonic(), True
        try:
            duty.run()
        except Exception:  # noqa: BLE001 - whatever it is, the other duties and the stream go on
            _LOG.exception("the duty %s failed, it is tried again", duty.name)
            is_good = False
        self._ran(duty.name, time.monotonic() - start, is_good)
        return is_good
