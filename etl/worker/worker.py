"""The worker: the pipeline's stream in one thread, and each duty in another."""

import logging
import threading
from collections.abc import Sequence
from typing import Final, Protocol

from etl.changes import Batch
from etl.worker.appending import Delivered
from etl.worker.duties import Duty, Ran, Roster
from etl.worker.standing import Standing

_LOG = logging.getLogger(__name__)
_JOIN_SECONDS: Final = 10.0


class Deliveries:
    """Passes on to everyone who listens that a batch is in the warehouse."""

    def __init__(self, *listeners: Delivered) -> None:
        self.listeners = list(listeners)

    def __call__(self, batch: Batch, seconds: float) -> None:
        """Tell all of them."""
        for listener in self.listeners:
            listener(batch, seconds)


class Fed(Protocol):
    """What keeps a warehouse fed, and where it stands."""

    standing: Standing

    def run(self, stop: threading.Event) -> None:
        """Feed the warehouse until `stop` is set."""


class Worker:
    """Streams and does its duties until `stop` is set; the warehouse belongs to the caller."""

    def __init__(self, pipeline: Fed, duties: Sequence[Duty], ran: Ran = lambda *_: None) -> None:
        self.pipeline = pipeline
        self.stop = threading.Event()
        self._roster = Roster(duties, self.stop, ran)

    def run(self) -> None:
        """Work until `stop` is set; what is being appended then is finished."""
        self._roster.start()
        try:
            self.pipeline.run(self.stop)
        finally:
            self.stop.set()
            self._roster.join(_JOIN_SECONDS)
