"""What the ETL is to reach, and whether it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.goals import Finding


@dataclass(frozen=True)
class Goal:
    """A figure of the result, by its path, and the bound that it has to keep."""

    text: str
    path: tuple[str, ...]
    bound: float
    unit: str
    is_least: bool = False


GOALS: Final = (
    Goal("orders: changes/s, of pg_recvlogical's", ("stream", "orders", "ratio"), 0.6, "x", is_least=True),
    Goal("bulk: changes/s, of pg_recvlogical's", ("stream", "bulk", "ratio"), 0.6, "x", is_least=True),
    Goal("initial load: rows/s, of psql's COPY", ("copy", "ratio"), 0.6, "x", is_least=True),
    Goal("commit to queryable, p99", ("latency", "p99_ms"), 50, "ms"),
    Goal("memory in a transaction of a million rows", ("memory", "peak_memory_mb"), 500, "MB"),
    Goal("all models in full", ("models", "full", "seconds"), 30, "s"),
    Goal("models after 10,000 orders", ("models", "incremental 2", "seconds"), 5, "s"),
)


def findings(result: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare a result with the goals, as far as it was measured."""
    for goal in GOALS:
        found = _at(result, goal.path)
        if found is None:
            continue
        is_met = found >= goal.bound if goal.is_least else found < goal.bound
        relation = "at least" if goal.is_least else "below"
        yield Finding(f"{goal.text}: {relation} {goal.bound:g} {goal.unit}", f"{found:g} {goal.unit}", is_met)


def _at(result: Any, path: tuple[str, ...]) -> float | None:
    for name in path:
        result = result.get(name) if isinstance(result, Mapping) else None
    return None if result is None else float(result)
