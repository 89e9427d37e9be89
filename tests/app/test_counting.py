"""What is counted reads as if Prometheus' own library had counted it."""

import re

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from app import counting
from app.counting import Counts, Durations

SECONDS = (0.0, 0.0005, 0.001, 0.0011, 0.03, 7.0, 30.0, 31.0)


def told(collector: Collector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(collector)
    return lines(registry)


def lines(registry: CollectorRegistry) -> list[str]:
    text = generate_latest(registry).decode()
    return sorted(line for line in text.splitlines() if not re.search("_created", line))


@pytest.mark.parametrize("seconds", [(), SECONDS[:1], SECONDS])
def test_durations(seconds: tuple[float, ...]) -> None:
    registry, labels = CollectorRegistry(), ("type", "outcome")
    theirs = Histogram("took_seconds", "How long.", labels, registry=registry, buckets=counting._SECONDS)
    ours = Durations("took_seconds", "How long.", labels)
    for one in seconds:
        theirs.labels("query", "ANSWERED").observe(one)
        theirs.labels("unknown", "CANCELLED").observe(2 * one)
        ours.observe(one, "query", "ANSWERED")
        ours.observe(2 * one, "unknown", "CANCELLED")
    assert told(ours) == lines(registry)


def test_counts() -> None:
    registry = CollectorRegistry()
    theirs = Counter("refused", "How often.", ("code",), registry=registry)
    ours = Counts("refused", "How often.", ("code",))
    for code in ("A", "B", "A"):
        theirs.labels(code).inc()
        ours.count(code)
    assert told(ours) == lines(registry)
