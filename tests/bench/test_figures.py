"""From what the load tells to what is said of it."""

import json
from typing import Any

from bench import load
from bench.agreement import values
from bench.goals import findings, ratio
from bench.measure import Sample, summary


def test_values_are_compared_without_what_is_each_servers_own() -> None:
    mine = {
        "orders": {"nodes": [{"id": "a", "status": "SHIPPED", "orderDate": "2026-01-01T00:00:00+00:00", "n": None}]}
    }
    theirs = {
        "all": {"nodes": [{"id": "b", "status": "shipped", "orderDate": "2026-01-01T00:00:00.000000+00:00", "n": None}]}
    }
    assert values(_body(mine)) == values(_body(theirs))


def test_a_missing_row_and_another_value_are_seen() -> None:
    rows = [{"id": "a", "total": "1.10"}, {"id": "b", "total": "2.00"}]
    assert values(_body({"rows": rows})) != values(_body({"rows": rows[:1]}))
    assert values(_body({"total": "1.10"})) != values(_body({"total": "1.1"}))
    assert values(_body({"id": "a"})) != values(_body({"id": None}))


def test_what_wrk_prints_is_read() -> None:
    printed = (
        "Running 8s test\n  4 errors\n"
        '{"requests":800,"bytes":80000,"microseconds":8000000,"failed":3,"p50":1500,"p99":25000,"worst":1}\n'
    )
    found = load.read(printed)
    assert (found.rate, found.failed, found.bytes_each, found.p50, found.p99) == (100.0, 3, 100.0, 1.5, 25.0)


def test_a_summary_is_the_median_of_rounds_and_the_sum_of_errors() -> None:
    samples = [
        Sample(load.Load(requests, 1, 1.0, 10.0, 1.0, 2.0), server_cpu=0.1, database_cpu=0.2)
        for requests in (300, 100, 200)
    ]
    found = summary(samples)
    assert (found["rps"], found["errors"], found["rounds_rps"]) == (200.0, 3, [300.0, 100.0, 200.0])


def test_goals_are_met_or_missed() -> None:
    found = {one.goal: one.is_met for one in findings(_result(gateway=200.0, p99=5.0, memory=150.0))}
    assert found == {
        "point: 2.00 x PostGraphile": True,
        "point: 0.80 x the limit": False,
        "point: p99 below PostGraphile's": True,
        "peak memory below 200 MB": True,
        "10,000 distinct documents grow it by less than 10 MB": True,
    }
    assert not any(one.is_met for one in findings(_result(gateway=199.0, p99=10.0, memory=200.0, growth=10.0)))


def test_a_ratio_is_the_median_of_the_rounds_which_are_slow_or_fast_for_all() -> None:
    measured = {"gateway": {"rounds_rps": [90.0, 50.0, 10.0]}, "handwritten": {"rounds_rps": [100.0, 50.0, 20.0]}}
    assert ratio(measured, "gateway", "handwritten") == 0.9
    assert ratio(measured, "gateway", "postgraphile") is None
    assert (
        ratio({**measured, "handwritten": {"rounds_rps": [1.0, 0.0, 1.0], "rps": 1.0}}, "gateway", "handwritten")
        is None
    )


def test_distinct_documents_are_part_of_the_peak() -> None:
    found = {one.goal: one for one in findings(_result(gateway=200.0, p99=5.0, memory=150.0, full=201.0))}
    assert (found["peak memory below 200 MB"].found, found["peak memory below 200 MB"].is_met) == ("201 MB", False)


def _result(*, gateway: float, p99: float, memory: float, growth: float = 0.0, full: float = 100.0) -> dict[str, Any]:
    def one(rps: float, p99_ms: float) -> dict[str, Any]:
        return {"rps": rps, "p99_ms": p99_ms, "rounds_rps": [rps]}

    measured = {"gateway": one(gateway, p99), "postgraphile": one(100.0, 10.0), "handwritten": one(300.0, 3.0)}
    return {
        "workloads": {"point": measured},
        "peak_memory_mb": {"gateway": memory},
        "documents": {"count": 10_000, "memory_mb_when_full": full, "memory_mb_at_the_end": full + growth},
    }


def _body(data: dict[str, Any]) -> bytes:
    return json.dumps({"data": data}).encode()
