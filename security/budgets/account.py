"""One bucket as a process sees it: tokens are fetched in lots, so that most requests ask nobody."""

import asyncio
from time import monotonic
from typing import NamedTuple

from security.budgets.bucket import Buckets
from security.budgets.table import Budget
from security.errors import Throttled, TooExpensive

_LOTS = 200
"""How many lots a bucket is fetched in, for each process: it holds one or two, so that no more than 1 % of a bucket is
with processes that don't use it."""


class Standing(NamedTuple):
    """How a budget stands: its limit, what is left of it, its tokens a second, and the seconds until it is full."""

    limit: int
    remaining: int
    per_second: int

    @property
    def seconds(self) -> int:
        """Seconds until nothing of it is spent, rounded up."""
        return -(-(self.limit - self.remaining) // self.per_second)

    def throttle_status(self) -> dict[str, int]:
        """Return the budget as `throttleStatus` in `extensions.cost` tells it."""
        return {
            "maximumAvailable": self.limit,
            "currentlyAvailable": self.remaining,
            "restoreRate": self.per_second,
        }


class Account:
    """A bucket and the tokens of it that this process has fetched."""

    def __init__(self, key: str, budget: Budget, buckets: Buckets, *, processes: int) -> None:
        self.held = 0
        self._key = key
        self._budget = budget
        self._buckets = buckets
        self._lot = max(1, budget.capacity // (_LOTS * processes))
        self._turn = asyncio.Lock()
        self._told = (budget.capacity, monotonic())
        self._returning: asyncio.Task[None] | None = None

    async def pay(self, cost: int) -> None:
        """Spend tokens, with more from the bucket; raise `Throttled` where it has too few now."""
        if cost > self._budget.capacity:
            raise TooExpensive(
                f"The operation costs {cost:,}, and your whole budget is {self._budget.capacity:,}: ask for less.",
                cost={"requestedQueryCost": cost, "maximumQueryCost": self._budget.capacity},
            )
        async with self._turn:
            # Others spend what is held while this one waits for the bucket.
            while self.held < cost:
                need = cost - self.held
                taken = await self._buckets.take(self._key, self._budget, need, need + self._lot)
                self._told = (taken.remaining, monotonic())
                if not taken.granted:
                    raise self._throttled(cost, taken.wait)
                self.held += taken.granted
            self.held -= cost

    def refund(self, tokens: int) -> None:
        """Take tokens back that were not needed; what is more than two lots goes back to the bucket."""
        self.held += tokens
        if self.held > 2 * self._lot and (self._returning is None or self._returning.done()):
            surplus = self.held - self._lot
            self.held = self._lot
            self._returning = asyncio.create_task(self._give_back(surplus))

    def standing(self) -> Standing:
        """Return how the bucket stands, by what it told last."""
        told, since = self._told
        filled = told + int((monotonic() - since) * self._budget.per_second) + self.held
        return Standing(self._budget.capacity, min(filled, self._budget.capacity), self._budget.per_second)

    async def _give_back(self, surplus: int) -> None:
        taken = await self._buckets.take(self._key, self._budget, -surplus, -surplus)
        self._told = (taken.remaining, monotonic())

    def _throttled(self, cost: int, wait: float) -> Throttled:
        seconds = max(1, -int(-wait // 1))
        now = self.standing()
        return Throttled(
            f"Your budget is spent: {now.remaining:,} of {now.limit:,} are left, the operation costs {cost:,}."
            f" Try again in {seconds} s.",
            retry_after=seconds,
            cost={
                "requestedQueryCost": cost,
                "actualQueryCost": None,
                "throttleStatus": now.throttle_status(),
            },
        )
