"""From a result of the ETL's benchmark to what is said of it."""

from bench.etl.goals import findings


def test_goals_are_met_or_missed_as_far_as_they_were_measured() -> None:
    result = {"stream": {"orders": {"ratio": 0.6}, "bulk": {"ratio": 0.59}}, "latency": {"p99_ms": 50.0}}
    assert [(one.found, one.is_met) for one in findings(result)] == [
        ("0.6 x", True),
        ("0.59 x", False),
        ("50 ms", False),
    ]
    assert list(findings({"models": {"full": {}}})) == []
