"""Buckets in this process's memory: for a process alone, and for as long as the shared ones don't answer."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from security.budgets.bucket import Taken
from security.budgets.table import Budget

_MOST = 10_000
"""Buckets that are kept; those asked last."""


class LocalBuckets:
    """Buckets that fill by the process's clock, which never leaps."""

    def __init__(self, share: float = 1.0, *, clock: Callable[[], float] = monotonic) -> None:
        """Make buckets that hold this share of each budget."""
        self._share = share
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def take(self, key: str, budget: Budget, need: int, want: int) -> Taken:
        """Take tokens."""
        mine = budget if self._share == 1 else budget.times(self._share)
        now = self._clock()
        tokens, since = self._kept.get(key, (float(mine.capacity), now))
        tokens = min(float(mine.capacity), tokens + (now - since) * mine.per_second)
        # What costs more than a full bucket of this share holds is paid by a full one, which then owes the rest.
        enough = min(need, mine.capacity)
        granted = max(need, min(want, int(tokens))) if need < 0 or enough <= tokens else 0
        tokens = min(float(mine.capacity), tokens - granted)
        self._kept[key] = (tokens, now)
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        wait = (enough - tokens) / mine.per_second if need > 0 and not granted else 0.0
        return Taken(granted, max(0, int(tokens)), wait)
