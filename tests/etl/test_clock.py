"""Spans of time, also where the clock is set back."""

import datetime as dt

from etl.clock import has_passed

NOW = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
SPAN = dt.timedelta(seconds=10)


def test_a_span_has_passed_behind_its_end_and_where_the_clock_was_set_back() -> None:
    assert not has_passed(SPAN, NOW, NOW + dt.timedelta(seconds=9))
    assert has_passed(SPAN, NOW, NOW + SPAN)
    assert not has_passed(SPAN, NOW, NOW - dt.timedelta(seconds=1))
    assert has_passed(SPAN, NOW, NOW - dt.timedelta(hours=1))
    assert has_passed(SPAN, dt.datetime.min.replace(tzinfo=dt.UTC), NOW)
