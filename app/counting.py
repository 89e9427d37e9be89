"""What is counted for Prometheus at each operation, in a microsecond.

The library's own counters and histograms take a lock for each number that they change; all of this is of one thread.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BOUNDS: Final = (*(str(float(bound)) for bound in _SECONDS), "+Inf")


class _Labelled(Collector):
    """What is counted by labels, each of which has few values."""

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        self._name = name
        self._description = description
        self._labels = labels


class Counts(_Labelled):
    """A counter."""

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        super().__init__(name, description, labels)
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def count(self, *labels: str) -> None:
        """Count one more."""
        self._counts[labels] += 1

    def collect(self) -> Iterable[Metric]:
        """Yield the counter as the library writes it."""
        family = CounterMetricFamily(self._name, self._description, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        yield family


class _Counted:
    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.seconds = 0.0


class Durations(_Labelled):
    """A histogram of seconds."""

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        super().__init__(name, description, labels)
        self._counted: defaultdict[tuple[str, ...], _Counted] = defaultdict(_Counted)

    def observe(self, seconds: float, *labels: str) -> None:
        """Count what took so long."""
        counted = self._counted[labels]
        counted.counts[bisect_left(_SECONDS, seconds)] += 1
        counted.seconds += seconds

    def collect(self) -> Iterable[Metric]:
        """Yield the histogram as the library writes it."""
        family = HistogramMetricFamily(self._name, self._description, labels=self._labels)
        for labels, counted in self._counted.items():
            family.add_metric(labels, list(zip(_BOUNDS, accumulate(counted.counts), strict=True)), counted.seconds)
        yield family
