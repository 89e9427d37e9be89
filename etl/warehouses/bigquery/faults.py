"""What became of a request to BigQuery that failed, decided in one table; and asking again."""

import random
import time
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeVar

import requests
from google.api_core import exceptions as google
from google.auth.exceptions import TransportError

Result = TypeVar("Result")


class Outcome(Enum):
    """What a fault says about the request, and so what to do."""

    RETRY = "it was not done: ask again"
    UNKNOWN = "nobody knows whether it was done: ask again in the same words, a replay is answered as such"
    DONE = "it had been done before"
    STREAM_LOST = "the stream takes no more: go on with a new one"
    FATAL = "asking again does not help"


# The first line that fits decides. A fault without a line is fatal.
_OUTCOMES: Final[tuple[tuple[tuple[type[Exception], ...], Outcome], ...]] = (
    ((google.AlreadyExists, google.Conflict), Outcome.DONE),
    ((google.TooManyRequests, google.ResourceExhausted), Outcome.RETRY),
    ((google.OutOfRange, google.FailedPrecondition, google.NotFound), Outcome.STREAM_LOST),
    ((google.ServerError, google.Cancelled, google.RetryError), Outcome.UNKNOWN),
    ((requests.Timeout, requests.ConnectionError, TransportError, TimeoutError, ConnectionError), Outcome.UNKNOWN),
)
# Reasons by which 403 and 400 mean something else than they say.
_RETRIED_REASONS: Final = {"rateLimitExceeded", "quotaExceeded", "backendError", "jobRateLimitExceeded"}

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 32.0


def outcome_of(fault: Exception) -> Outcome:
    """Return what a fault says about its request."""
    reasons = {error.get("reason") for error in getattr(fault, "errors", ()) if isinstance(error, dict)}
    if reasons & _RETRIED_REASONS:
        return Outcome.RETRY
    # An aborted transaction answers 409 like something that exists, and was not done.
    if isinstance(fault, google.Aborted):
        return Outcome.RETRY
    return next((outcome for kinds, outcome in _OUTCOMES if isinstance(fault, kinds)), Outcome.FATAL)


class Pauses:
    """Doubling pauses with jitter, until the time is used up, or `sleep` says that nobody waits any more."""

    def __init__(self, seconds: float, sleep: Callable[[float], object] = time.sleep) -> None:
        self._left = seconds
        self._next = _FIRST_PAUSE
        self._sleep = sleep

    def wait(self) -> bool:
        """Pause, and tell whether it is worth another try."""
        if self._left <= 0:
            return False
        longest = min(self._next, self._left)
        self._left -= longest
        pause = longest * random.uniform(0.5, 1.0)  # noqa: S311 - nothing is kept secret by it
        self._next = min(self._next * 2, _LONGEST_PAUSE)
        return not self._sleep(pause)


def persist(action: Callable[[], Result], waiting: Pauses, done: Callable[[], Result] | None = None) -> Result:
    """Do something that can be asked again in the same words, until its outcome is known.

    `done` gives the result where it had been done before; without it that is a fault. Faults that asking again does
    not mend are raised.
    """
    while True:
        try:
            return action()
        except Exception as fault:
            outcome = outcome_of(fault)
            if outcome is Outcome.DONE and done is not None:
                return done()
            if outcome not in {Outcome.RETRY, Outcome.UNKNOWN} or not waiting.wait():
                raise
