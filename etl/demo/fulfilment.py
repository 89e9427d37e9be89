"""Fulfilment: what happens to an order after it was given, and when.

Times are seconds since the midnight that the first day of orders begins with.
"""

from random import Random
from typing import NamedTuple

from etl.demo.places import Municipality
from etl.demo.workdays import Workdays

DAY = 86_400
_HOUR = 3_600
_OPENS, _CLOSES = 8 * _HOUR, 18 * _HOUR
# What is confirmed by then leaves on the same day.
_CUT_OFF = 13 * _HOUR

_CANCELLED = 0.028
_OUT_OF_STOCK = 0.05
_DELAYED = 0.09


class Course(NamedTuple):
    """The events of an order that goes its whole way; `cancelled` ends it before it is shipped."""

    confirmed: int
    picked: int
    shipped: int
    delivered: int
    promised: int
    cancelled: int | None

    def status(self, now: int) -> str:
        """Return where the order stands at a time."""
        if self.cancelled is not None and self.cancelled <= now:
            return "cancelled"
        if self.picked > now:
            return "confirmed" if self.confirmed <= now else "pending"
        if self.shipped > now:
            return "processing"
        return "delivered" if self.delivered <= now else "shipped"

    def last_change(self, ordered: int, now: int) -> int:
        """Return the time of the last event before a time."""
        if self.cancelled is not None and self.cancelled <= now:
            return self.cancelled
        events = (self.delivered, self.shipped, self.picked, self.confirmed)
        return next((event for event in events if event <= now), ordered)


def course(chance: Random, workdays: Workdays, ordered: int, place: Municipality) -> Course:
    """Draw the events of an order to a municipality; the way there takes its business days, or more."""
    random = chance.random
    confirmed = _confirmation(random(), workdays, ordered)
    day, second = divmod(confirmed, DAY)
    waits = int(1 + random() * 3) if random() < _OUT_OF_STOCK else 0
    leaves = workdays.after(day, waits + (0 if second < _CUT_OFF else 1))
    shipped = leaves * DAY + 15 * _HOUR + int(random() * 5 * _HOUR)
    picked = confirmed + 15 * 60 + int(random() * 2 * _HOUR)
    if picked % DAY >= _CLOSES:
        picked = workdays.after(day, 1) * DAY + _OPENS + int(random() * _HOUR)
    travels = place.days + (int(1 + random() * (1 + place.days / 2)) if random() < _DELAYED else 0)
    delivered = workdays.after(leaves, travels) * DAY + _OPENS + int(random() * 10 * _HOUR)
    promised = workdays.after(workdays.after(ordered // DAY, 1), place.days + 1) * DAY + _CLOSES
    cancelled = None
    if random() < _CANCELLED:
        cancelled = confirmed + int(random() * (picked - confirmed))
    return Course(confirmed, picked, shipped, delivered, promised, cancelled)


def _confirmation(point: float, workdays: Workdays, ordered: int) -> int:
    """Return when the desk confirms: within two hours while it is open, else on the next morning."""
    day, second = divmod(ordered, DAY)
    if workdays.after(day, 0) == day and second < _CLOSES - _HOUR:
        return max(ordered, day * DAY + _OPENS) + 5 * 60 + int(point * 100 * 60)
    opens = workdays.after(day, 1 if second >= _CLOSES - _HOUR and workdays.after(day, 0) == day else 0)
    return opens * DAY + _OPENS + int(point * 90 * 60)
