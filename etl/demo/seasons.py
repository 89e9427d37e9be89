"""Seasons: on which days more is ordered, and of what."""

import datetime as dt
import math
from bisect import bisect
from functools import cache
from itertools import accumulate

from etl.demo.places import REGIONS
from etl.demo.plan import DAYS, DemoPlan
from etl.demo.workdays import holidays, is_working

# Monday to Sunday: pharmacies fill their shelves after the weekend.
_WEEK = (1.3, 1.18, 1.06, 1.0, 0.94, 0.34, 0.07)
_HOLIDAY = 0.12
_YEAR = (0.93, 0.92, 1.02, 0.98, 1.04, 1.05, 1.06, 1.04, 1.0, 1.0, 1.01, 0.95)
_GROWTH_A_YEAR = 0.22
_LAST_DAYS = 3
_MONTH_END = 1.3
# Before the adjustment of the first of April pharmacies buy ahead, and less after it.
_BUYING_AHEAD = 1.35
_BOUGHT_AHEAD = 0.8
_LATE_MARCH = frozenset((3, day) for day in range(21, 32))
_EARLY_APRIL = frozenset((4, day) for day in range(1, 11))

# By month, how far demand lies from the year's mean in a region with the full effect.
_SHAPES = {
    "respiratory": (-0.5, -0.5, -0.3, 0.0, 0.4, 0.65, 0.75, 0.6, 0.15, -0.2, -0.35, -0.45),
    "allergy": (-0.2, -0.25, -0.2, -0.1, -0.05, -0.05, 0.0, 0.25, 0.65, 0.7, 0.45, 0.0),
    "dengue": (0.3, 0.5, 0.65, 0.5, 0.15, -0.15, -0.25, -0.25, -0.2, -0.15, -0.05, 0.1),
    "repellent": (0.75, 0.75, 0.6, 0.3, -0.25, -0.7, -0.8, -0.7, -0.3, 0.1, 0.4, 0.65),
}
# How much of the effect a region has, in the order of REGIONS: winters are cold in the South.
_EFFECTS = {
    "respiratory": (0.25, 0.35, 0.6, 0.8, 1.0),
    "allergy": (0.3, 0.35, 0.7, 0.9, 1.0),
    "dengue": (0.6, 0.8, 1.0, 1.0, 0.7),
    "repellent": (0.5, 0.7, 0.9, 1.0, 1.0),
}
SEASONS = ("", *_SHAPES)
"""The names of seasons; products without one sell alike all year."""

_HIGHEST = math.exp(max(max(shape) for shape in _SHAPES.values()))


def orders_a_day(plan: DemoPlan) -> list[int]:
    """Return how many orders come on each day; together they are the plan's."""
    upto = list(accumulate(_weight(plan.since + dt.timedelta(days=day), day) for day in range(DAYS)))
    marks = [round(part / upto[-1] * plan.orders) for part in upto]
    return [mark - before for before, mark in zip([0, *marks], marks, strict=False)]


def _weight(day: dt.date, number: int) -> float:
    weight = math.exp(_GROWTH_A_YEAR * number / 365) * _YEAR[day.month - 1] * _WEEK[day.weekday()]
    if day in holidays(day.year):
        return weight * _HOLIDAY
    if (day.month, day.day) in _LATE_MARCH:
        return weight * _BUYING_AHEAD
    if (day.month, day.day) in _EARLY_APRIL:
        return weight * _BOUGHT_AHEAD
    return weight * (_MONTH_END if _is_month_end(day) else 1)


def _is_month_end(day: dt.date) -> bool:
    """Whether it is one of the last working days of its month, when the sales desk fills its quota."""
    following = (day + dt.timedelta(days=step) for step in range(1, 12))
    left = sum(is_working(other) for other in following if other.month == day.month)
    return is_working(day) and left < _LAST_DAYS


@cache
def likelihoods(month: int) -> tuple[tuple[float, ...], ...]:
    """Return, by region and season, how likely a wish for a product is acted on in a month; 1 at the highest."""
    return tuple(
        tuple(
            math.exp(_SHAPES[season][month - 1] * _EFFECTS[season][region]) / _HIGHEST if season else 1 / _HIGHEST
            for season in SEASONS
        )
        for region in range(len(REGIONS))
    )


# Hours of the day, from midnight: the desk's mornings and afternoons, some orders by the shop's own page at night.
_HOURS = (1, 1, 0.5, 0.5, 0.5, 1, 3, 8, 22, 34, 36, 28, 16, 20, 32, 34, 30, 22, 12, 8, 6, 5, 4, 2)
_UPTO = list(accumulate(hour / sum(_HOURS) for hour in _HOURS))


def second_of_day(point: float) -> int:
    """Return the time of day, in seconds, at a point between 0 and 1 of all orders of a day."""
    hour = min(bisect(_UPTO, point), len(_HOURS) - 1)
    before = _UPTO[hour - 1] if hour else 0.0
    return int(3600 * (hour + min(0.9999, max(0.0, (point - before) / (_UPTO[hour] - before)))))
