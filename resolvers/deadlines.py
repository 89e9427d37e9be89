"""Time budgets: what takes longer than its time is ended.

`asyncio.timeout` sets a timer for each use, which costs as much as planning an operation does. Here one timer looks at
all that runs, a few times within a budget, so that what ends in time has cost next to nothing.
"""

import asyncio
from time import monotonic
from types import TracebackType
from typing import Final, Self

_LOOKS: Final = 20
"""How many times within a budget it is looked: by so much of it something may take longer."""
_LONGEST_PAUSE: Final = 0.25


class Deadlines:
    """A budget in seconds for each of many tasks; `with deadlines():` raises `TimeoutError` where it was not enough."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.is_looking = False
        # All have the same budget: those that began first end first.
        self.running: dict[_Deadline, None] = {}
        self._pause = min(seconds / _LOOKS, _LONGEST_PAUSE)

    def __call__(self) -> "_Deadline":
        """Return a context within which the current task may spend the budget."""
        return _Deadline(self)

    def watch(self) -> None:
        """Look for what takes too long, from now on until nothing runs any more."""
        self.is_looking = True
        asyncio.get_running_loop().call_later(self._pause, self._look)

    def _look(self) -> None:
        now = monotonic()
        for deadline in list(self.running):
            if deadline.at > now:
                break
            del self.running[deadline]
            deadline.expire()
        self.is_looking = False
        if self.running:
            self.watch()


class _Deadline:
    __slots__ = ("_all", "_cancelling", "_is_over", "_task", "at")

    def __init__(self, deadlines: Deadlines) -> None:
        self._all = deadlines
        self._is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task = task
        self._cancelling = task.cancelling()
        deadlines = self._all
        self.at = monotonic() + deadlines.seconds
        deadlines.running[self] = None
        if not deadlines.is_looking:
            deadlines.watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.running.pop(self, None)
        # Whoever else cancels the task meanwhile means it.
        if self._is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End what the task does."""
        self._is_over = True
        self._task.cancel()
