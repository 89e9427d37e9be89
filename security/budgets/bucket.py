"""Buckets of tokens, wherever they are kept."""

from dataclasses import dataclass
from typing import Protocol

from security.budgets.table import Budget


@dataclass(frozen=True)
class Taken:
    """What a bucket gave: tokens, how many are left, and, where it gave none, in how many seconds it will."""

    granted: int
    remaining: int
    wait: float = 0.0


class Buckets(Protocol):
    """Buckets by key. One that was never asked for is full."""

    async def take(self, key: str, budget: Budget, need: int, want: int) -> Taken:
        """Take as many tokens as there are, from `need` to `want`, or none. Negative numbers are given back."""
        ...
