"""Shared buckets while they answer, else this process's part of each."""

import asyncio
from time import monotonic

import structlog
from redis.exceptions import RedisError

from security.budgets.bucket import Buckets, Taken
from security.budgets.local import LocalBuckets
from security.budgets.shared import SECONDS
from security.budgets.table import Budget

_LOG = structlog.stdlib.get_logger("security.budgets")
_PAUSE = 1.0
"""Seconds for which buckets that didn't answer aren't asked again."""


class FailoverBuckets:
    """Takes from the shared buckets; where they don't answer in time, from local ones. Nobody is refused for that."""

    def __init__(self, shared: Buckets, *, processes: int) -> None:
        """Make buckets for one of so many processes that share them."""
        self._shared = shared
        self._local = LocalBuckets(1 / processes)
        self._ask_again = 0.0
        self._is_down = False

    @property
    def is_local(self) -> bool:
        """Whether the shared buckets did not answer when they were last asked."""
        return self._is_down

    async def take(self, key: str, budget: Budget, need: int, want: int) -> Taken:
        """Take tokens."""
        if monotonic() >= self._ask_again:
            try:
                async with asyncio.timeout(SECONDS):
                    taken = await self._shared.take(key, budget, need, want)
            except (RedisError, OSError, TimeoutError) as error:
                self._note(error)
            else:
                self._note(None)
                return taken
        return await self._local.take(key, budget, need, want)

    def _note(self, error: Exception | None) -> None:
        is_down = error is not None
        if is_down:
            self._ask_again = monotonic() + _PAUSE
        if is_down != self._is_down:
            self._is_down = is_down
            _LOG.warning(
                "budgets are local: redis does not answer" if is_down else "budgets are shared again",
                error=type(error).__qualname__ if error else None,
            )
