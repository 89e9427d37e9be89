"""Payments: how pharmacies pay, and whether they have."""

from random import Random

from etl.demo.chance import Wheel
from etl.demo.fulfilment import DAY, Course
from etl.demo.pharmacies import Pharmacy

# The larger buy on account.
_METHODS = {
    1: Wheel([("boleto", 42), ("pix", 34), ("credit_card", 20), ("bank_transfer", 4)]),
    2: Wheel([("boleto", 55), ("pix", 27), ("credit_card", 12), ("bank_transfer", 6)]),
    3: Wheel([("boleto", 64), ("pix", 20), ("credit_card", 6), ("bank_transfer", 10)]),
    4: Wheel([("boleto", 62), ("pix", 14), ("credit_card", 2), ("bank_transfer", 22)]),
}
AT_ONCE = frozenset(("pix", "credit_card"))
"""The methods by which an order is paid before it is confirmed."""

_REFUSED = 0.25
_PUNCTUAL, _LATE = 0.9, 0.988
# An invoice that is so many days overdue is written off as failed.
_WRITTEN_OFF = 60 * DAY


def payment(chance: Random, customer: Pharmacy, ordered: int, course: Course, now: int) -> tuple[str, str]:
    """Draw the method of an order's payment, and return it with where the payment stands now."""
    method = _METHODS[customer.tier].at(chance.random())
    point = chance.random()
    if method in AT_ONCE:
        return method, _paid_at_once(point, course, now)
    if course.cancelled is not None and course.cancelled <= now:
        return method, "failed"
    due = ordered + customer.terms * DAY
    if point < _PUNCTUAL:
        paid = due - int(point * 4 * DAY)
    elif point < _LATE:
        paid = due + int((point - _PUNCTUAL) * 200 * DAY)
    else:
        return method, "failed" if due + _WRITTEN_OFF <= now else "pending"
    return method, "paid" if paid <= now and course.confirmed <= now else "pending"


def _paid_at_once(point: float, course: Course, now: int) -> str:
    """Return where a payment stands that is due with the order: it is paid before the order is confirmed."""
    if course.cancelled is not None and course.cancelled <= now:
        return "failed" if point < _REFUSED else "refunded"
    return "paid" if course.confirmed <= now else "pending"
