"""What the gateway is to reach, and whether it has."""

import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.workloads import WORKLOADS

MOST_MEMORY_MB: Final = 200
MOST_GROWTH_MB: Final = 10
"""By how much memory may differ from measurement to measurement without anything being kept."""


@dataclass(frozen=True)
class Finding:
    """One goal and what came of it."""

    goal: str
    found: str
    is_met: bool


def findings(result: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare a result with the goals, as far as it was measured."""
    for workload in WORKLOADS:
        measured = result["workloads"].get(workload.key)
        if measured is None:
            continue
        yield from _ratios(workload.key, "PostGraphile", "postgraphile", measured, workload.goal.to_postgraphile)
        yield from _ratios(workload.key, "the limit", "handwritten", measured, workload.goal.to_handwritten)
        if {"gateway", "postgraphile"} <= measured.keys():
            own, theirs = measured["gateway"]["p99_ms"], measured["postgraphile"]["p99_ms"]
            goal = f"{workload.key}: p99 below PostGraphile's"
            yield Finding(goal, f"{own:.1f} ms, PostGraphile {theirs:.1f} ms", own < theirs)
    yield from _memory(result)


def ratio(measured: Mapping[str, Any], of: str, to: str) -> float | None:
    """Return by how much one server is faster than another in requests a second; None where one was not measured.

    It is the median of each round's: servers of a round are measured one after the other, and from round to round a
    machine that is not one's own is faster or slower.
    """
    if of not in measured or to not in measured or not all(measured[to]["rounds_rps"]):
        return None
    rounds: Iterable[tuple[float, float]] = zip(measured[of]["rounds_rps"], measured[to]["rounds_rps"], strict=True)
    return statistics.median(own / theirs for own, theirs in rounds)


def _ratios(key: str, name: str, peer: str, measured: Mapping[str, Any], least: float) -> Iterator[Finding]:
    found = ratio(measured, "gateway", peer)
    if found is not None:
        yield Finding(f"{key}: {least:.2f} x {name}", f"{found:.2f} x", found >= least)


def _memory(result: Mapping[str, Any]) -> Iterator[Finding]:
    peak, documents = result["peak_memory_mb"].get("gateway"), result.get("documents")
    if peak is not None:
        if documents is not None:
            peak = max(peak, documents["memory_mb_when_full"], documents["memory_mb_at_the_end"])
        yield Finding(f"peak memory below {MOST_MEMORY_MB} MB", f"{peak:.0f} MB", peak < MOST_MEMORY_MB)
    if documents is not None:
        growth = documents["memory_mb_at_the_end"] - documents["memory_mb_when_full"]
        goal = f"{documents['count']:,} distinct documents grow it by less than {MOST_GROWTH_MB} MB"
        yield Finding(goal, f"{growth:.1f} MB", growth < MOST_GROWTH_MB)
