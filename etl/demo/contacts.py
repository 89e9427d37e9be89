"""Contacts: questions, complaints and requests of pharmacies, as their orders give reason to."""

import datetime as dt
from collections.abc import Iterator, Sequence
from statistics import NormalDist

from etl.demo import phrases
from etl.demo.catalogue import Product
from etl.demo.chance import Wheel, stream
from etl.demo.fulfilment import DAY, Course
from etl.demo.pharmacies import Pharmacy
from etl.demo.phrases import CLOSINGS, Topic
from etl.demo.plan import DAYS, DemoPlan, midnight
from etl.demo.seasons import second_of_day

Row = tuple[object, ...]

_CHANNELS = Wheel([("whatsapp", 46), ("phone", 20), ("email", 18), ("web", 16)])
# How often a program answers, at the beginning and how much more often at the end.
_BY_PROGRAM = {"whatsapp": (0.3, 0.35), "web": (0.35, 0.3), "email": (0.05, 0.2), "phone": (0.0, 0.06)}
_HUMAN_MINUTES = {"whatsapp": 45, "web": 70, "email": 260, "phone": 14}
_PROGRAM_MINUTES = 4
_COMPLAINT_TAKES = 7
_NEVER_SETTLED = {"complaint": 0.07}

_USUAL = Wheel([(phrases.CHANGE, 24), (phrases.DELIVERY, 30), (phrases.DEFECT, 17), (phrases.PAPERS, 29)])
_WITHOUT_ORDER = Wheel([(phrases.QUESTION, 7), (phrases.ACCESS, 3)])
_ABOUT_LATE, _ABOUT_CANCELLED, _ABOUT_ORDER, _OUT_OF_THE_BLUE = 0.5, 0.45, 0.28, 0.1

_SPREAD = [2.718281828 ** (0.9 * NormalDist().inv_cdf((step + 0.5) / 256)) for step in range(256)]
_NOON, _EVENING = 12, 18
_AMOUNTS = (2, 3, 4, 5, 6, 10, 12, 20, 24, 30, 48, 60)


class Desk:
    """The service desk: writes down what pharmacies ask for."""

    def __init__(self, plan: DemoPlan, products: Sequence[Product]) -> None:
        self._chance = stream(plan.seed, "contacts")
        self._products = products
        self._origin = midnight(plan.since)
        self._now = DAYS * DAY
        self._id = 0

    def about(
        self, customer: Pharmacy, order: int, ordered: int, course: Course, status: str, basket: Sequence[int]
    ) -> Iterator[Row]:
        """Give the contacts, none or a few, that an order leads to, and what else its customer asks at the time."""
        random = self._chance.random
        product = self._products[basket[0]].name
        topic = self._topic(course, status)
        if topic:
            begin, end = self._span(topic, ordered, course)
            second = _by_day(random(), random(), begin, end)
            if second < self._now:
                yield self._row(customer, order, second, topic, product)
        if random() < _OUT_OF_THE_BLUE:
            second = ordered - ordered % DAY + second_of_day(random())
            yield self._row(customer, None, second, _WITHOUT_ORDER.at(random()), product)

    def _topic(self, course: Course, status: str) -> Topic | None:
        point = self._chance.random()
        if status == "cancelled":
            return phrases.REFUND if point < _ABOUT_CANCELLED else None
        if course.delivered > course.promised and point < _ABOUT_LATE:
            return phrases.LATE
        return _USUAL.at(point / _ABOUT_ORDER) if point < _ABOUT_ORDER else None

    def _span(self, topic: Topic, ordered: int, course: Course) -> tuple[int, int]:
        """Return between which times a topic comes up."""
        if topic is phrases.CHANGE:
            return ordered + 300, course.picked
        if topic is phrases.DELIVERY:
            return course.shipped, course.delivered
        if topic is phrases.LATE:
            return course.promised, course.delivered
        if topic is phrases.REFUND:
            return course.cancelled or ordered, (course.cancelled or ordered) + 3 * DAY
        return course.delivered, course.delivered + 2 * DAY

    def _row(self, customer: Pharmacy, order: int | None, second: int, topic: Topic, product: str) -> Row:
        random = self._chance.random
        self._id += 1
        channel = _CHANNELS.at(random())
        first, more = _BY_PROGRAM[channel]
        is_program = random() < (first + more * second / self._now) * (0.4 if topic.type == "complaint" else 1)
        minutes = self._minutes(channel, topic, is_program=is_program)
        is_settled = second + minutes * 60 <= self._now and random() >= _NEVER_SETTLED.get(topic.type, 0.02)
        subject, message = topic.texts[int(random() * len(topic.texts))]
        amount = _AMOUNTS[int(random() * len(_AMOUNTS))]
        moment = self._origin + dt.timedelta(0, second)
        text = f"{_greeting(moment.hour)}, {message}{CLOSINGS[int(random() * len(CLOSINGS))]}"
        return (
            *(self._id, customer.id, order, moment, channel, topic.type),
            subject.format(order=order, product=product, amount=amount),
            text.format(order=order, product=product, amount=amount),
            *(is_settled, minutes if is_settled else None, "ai" if is_program else "human", moment),
        )

    def _minutes(self, channel: str, topic: Topic, *, is_program: bool) -> int:
        usual = _PROGRAM_MINUTES if is_program else _HUMAN_MINUTES[channel]
        takes = _COMPLAINT_TAKES if topic.type == "complaint" else 1
        return 1 + int(usual * takes * _SPREAD[int(self._chance.random() * 256)])


def _by_day(point: float, hour: float, begin: int, end: int) -> int:
    """Return a time between two, at an hour at which pharmacies write where that is possible."""
    second = begin + int(point * max(1, end - begin))
    waking = second - second % DAY + second_of_day(hour)
    return waking if begin <= waking <= end else second


def _greeting(hour: int) -> str:
    if hour < _NOON:
        return "Bom dia"
    return "Boa tarde" if hour < _EVENING else "Boa noite"
