"""Jobs: what is done on the warehouse one at a time, whoever asks for it."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

# Seconds between two looks whether a job that waits is still wanted.
_LOOK_EVERY: Final = 0.2

Words = Mapping[str, Any]
"""What JSON can say, as an object: a job's arguments, what it tells on its way, and its outcome."""

Tell = Callable[[Words], None]
Job = Callable[[Words, Tell], Words]


class JobRefused(Exception):
    """A job can't be done as it was asked for; the text says why and quotes no row."""


class Jobs:
    """The jobs of a warehouse by name. They take turns: two runs of models would undo each other's work."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs
        self._turn = threading.Lock()

    def run(
        self,
        name: str,
        arguments: Words,
        tell: Tell = lambda _: None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Words:
        """Do a job once others are done, and return its outcome; raises JobRefused, and whatever the job does.

        One that is not wanted any more when its turn comes is not done.
        """
        job = self._jobs.get(name)
        if job is None:
            raise JobRefused(f"there is no job {name}: this worker knows {', '.join(sorted(self._jobs))}")
        if not self._turn.acquire(blocking=False):
            tell({"note": "another job is running on the warehouse: waiting for it"})
            self._wait(is_wanted)
        try:
            return job(arguments, tell)
        finally:
            self._turn.release()

    def _wait(self, is_wanted: Callable[[], bool]) -> None:
        while not self._turn.acquire(timeout=_LOOK_EVERY):
            if not is_wanted():
                raise JobRefused("whoever asked for the job has gone before its turn")
