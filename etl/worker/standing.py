"""What the worker's stream is doing now."""

import logging
import threading
import time
from enum import StrEnum

_LOG = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a pipeline stands."""

    CONNECTING = "connecting"
    STANDBY = "standby"
    COPYING = "copying"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Standing:
    """The phase, since when, what was wrong last, and how often changes were lost; written by one thread."""

    def __init__(self) -> None:
        self.phase = Phase.CONNECTING
        self.since = time.time()
        self.fault: str | None = None
        self.losses = 0
        self._streams = threading.Event()

    def enter(self, phase: Phase) -> None:
        """Note a phase; streaming is the end of a fault."""
        if phase is self.phase:
            return
        _LOG.info("the warehouse's stream is %s", phase)
        self.phase, self.since = phase, time.time()
        if phase is Phase.STREAMING:
            self.fault = None
            self._streams.set()
        else:
            self._streams.clear()

    def fail(self, fault: str) -> None:
        """Note why the stream was interrupted, in words without data."""
        if fault != self.fault:
            _LOG.warning("the warehouse's stream was interrupted: %s", fault)
        self.fault = fault
        self.enter(Phase.CONNECTING)

    def lose(self, fault: str) -> None:
        """Note that the source no longer has changes which the warehouse lacks: all tables are copied again."""
        self.losses += 1
        self.fault = fault
        _LOG.error("changes were lost, all tables are copied again: %s", fault)

    @property
    def streams(self) -> bool:
        """Whether changes arrive now."""
        return self.phase is Phase.STREAMING

    def wait_until_streaming(self, seconds: float) -> bool:
        """Wait for the stream; tell whether it came within the time."""
        return self._streams.wait(seconds)
