"""Spans of time by the clock of the day, which somebody may set back."""

import datetime as dt


def has_passed(span: dt.timedelta, since: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether a span has passed since a moment, or the clock was set back by more than the span since then."""
    return abs(now - since) >= span
