"""Time budgets: what takes longer than its time is ended.

`asyncio.timeout` sets a timer for each use, which costs as much as planning an operation does. Here one timer looks at
all that runs, a few times within a budget, so that what ends in time has cost next to nothing.
"""

import asyncio
from types import TracebackType
from typing import Final, Self

_LOOKS: Final = 20
"""How many times within a budget it is looked: by so much of it something may take longer."""
_LONGEST_PAUSE: Final = 0.25


class Deadlines:
    """A budget in seconds for each of many tasks; `with deadlines():` raises `TimeoutError` where it was not enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause = min(seconds / _LOOKS, _LONGEST_PAUSE)
        # All have the same budget: those that began first end first.
        self._running: dict[_Deadline, None] = {}
        self._looking: asyncio.TimerHandle | None = None

    def __call__(self) -> "_Deadline":
        """Return a context within which the current task may spend the budget."""
        return _Deadline(self)

    def begin(self, deadline: "_Deadline") -> float:
        """Take up a deadline and return when it is over."""
        loop = asyncio.get_running_loop()
        self._running[deadline] = None
        if self._looking is None:
            self._looking = loop.call_later(self._pause, self._look)
        return loop.time() + self._seconds

    def end(self, deadline: "_Deadline") -> None:
        """Forget a deadline."""
        self._running.pop(deadline, None)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for deadline in list(self._running):
            if deadline.at > now:
                break
            del self._running[deadline]
            deadline.expire()
        self._looking = loop.call_later(self._pause, self._look) if self._running else None


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
        self.at = self._all.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._all.end(self)
        # Whoever else cancels the task meanwhile means it.
        if self._is_over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """End what the task does."""
        self._is_over = True
        self._task.cancel()
