"""Working days of Brazil: Monday to Friday but for national holidays."""

import datetime as dt
from bisect import bisect_left
from functools import cache

DAY = dt.timedelta(days=1)

_FIXED = ((1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25))
# Carnival (Monday and Tuesday), Good Friday and Corpus Christi, in days from Easter.
_FROM_EASTER = (-48, -47, -2, 60)
_SATURDAY = 5


def easter(year: int) -> dt.date:
    """Return Easter Sunday, by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[dt.date]:
    """Return the national holidays of a year, with Carnival and Corpus Christi, when trade rests too."""
    movable = (easter(year) + days * DAY for days in _FROM_EASTER)
    return frozenset((*(dt.date(year, month, day) for month, day in _FIXED), *movable))


def is_working(day: dt.date) -> bool:
    """Whether offices and warehouses work on the day."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


class Workdays:
    """The working days of a span, for quick steps from one to another; days are numbered from its first."""

    def __init__(self, first: dt.date, days: int) -> None:
        self._working = [number for number in range(days) if is_working(first + number * DAY)]
        self._place = [bisect_left(self._working, number) for number in range(days)]

    def after(self, day: int, steps: int) -> int:
        """Return the working day so many steps after a day; with 0 the day itself, or the next if it is none."""
        place = self._place[day]
        if steps and self._working[place] != day:
            place -= 1
        return self._working[place + steps]
