"""How long things took, counted by their kind: a histogram of Prometheus that takes a microsecond for each of them.

The library's own takes a lock for each of the numbers that it changes; everything here runs in one thread.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BOUNDS: Final = (*(str(float(bound)) for bound in _SECONDS), "+Inf")


class _Counted:
    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.seconds = 0.0


class Durations(Collector):
    """A histogram of seconds."""

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        self._name = name
        self._description = description
        self._labels = labels
        self._counted: dict[tuple[str, ...], _Counted] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Count what took so long; each label has few values."""
        counted = self._counted.get(labels)
        if counted is None:
            counted = self._counted[labels] = _Counted()
        counted.counts[bisect_left(_SECONDS, seconds)] += 1
        counted.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        """Yield the histogram as the library writes it."""
        family = HistogramMetricFamily(self._name, self._description, labels=self._labels)
        for labels, counted in self._counted.items():
            family.add_metric(labels, list(zip(_BOUNDS, accumulate(counted.counts), strict=True)), counted.seconds)
        yield family
