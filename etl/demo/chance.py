"""Chance that can be repeated: the same seed gives the same choices on every machine."""

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(seed: int, *topic: object) -> Random:
    """Return a stream of chance for one topic, independent of those of other topics.

    A topic has a stream of its own so that a change in one part of the data leaves the others as they were.
    """
    return Random("/".join(map(str, (seed, *topic))))  # noqa: S311 -- demo data, repeatable on purpose


class Wheel(Generic[T]):
    """Things to be drawn, each as often as its weight says."""

    def __init__(self, things: Iterable[tuple[T, float]]) -> None:
        pairs = list(things)
        self.things: Sequence[T] = [thing for thing, _ in pairs]
        self._upto = list(accumulate(weight for _, weight in pairs))
        self._total = self._upto[-1]
        self._last = len(pairs) - 1

    def at(self, point: float) -> T:
        """Return the thing at a point between 0 and 1 of the wheel's rim."""
        return self.things[bisect(self._upto, point * self._total, 0, self._last)]
