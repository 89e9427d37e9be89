"""Baskets: which products a pharmacy puts into an order, and how much of each."""

from array import array
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from statistics import NormalDist

from etl.demo.catalogue import Product
from etl.demo.chance import Wheel
from etl.demo.pharmacies import Pharmacy
from etl.demo.seasons import SEASONS

# Lines of an order; three on average.
_LINES = Wheel(enumerate((22, 26, 20, 13, 8, 5, 3, 1.5, 1, 0.5), 1))

# How many products a pharmacy keeps reordering, and how often it tries something else.
_ASSORTMENT = 30
_CURIOSITY = 0.12
_TRIES = 15

# Quantities scatter around the usual one by a log-normal factor; this is a table of its quantiles.
_SPREAD = [2.718281828 ** (0.55 * NormalDist().inv_cdf((step + 0.5) / 512)) for step in range(512)]

# More than a dozen are ordered by half dozens.
_DOZEN = 12

_WORD = (1 << 64) - 1


class Shelf:
    """The catalogue as pharmacies order from it; products are known by their place in it."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._upto = list(accumulate(product.demand for product in products))
        self._total = self._upto[-1]
        self._last = len(products) - 1
        self._listed = [product.listed for product in products]
        self._dropped = [product.dropped for product in products]
        self._season = bytes(SEASONS.index(product.category.season) for product in products)
        # Cheap medicines are bought by the dozen, dear ones singly.
        self._usual = array("d", (min(30.0, 26 / (product.price / 1000) ** 0.75) for product in products))

    def basket(self, chance: Random, customer: Pharmacy, day: int, likelihood: Sequence[float]) -> list[int]:
        """Draw the products of an order, each once; `likelihood` is by season."""
        random = chance.random
        chosen: list[int] = []
        wanted = _LINES.at(random())
        reach = _ASSORTMENT * (1 + customer.size) ** 0.5
        for _ in range(wanted * _TRIES):
            if random() < _CURIOSITY:
                point = random()
            else:
                point = scatter(customer.salt + int(reach * random() ** 1.6) * 0x632BE59BD9B4E019)
            place = bisect(self._upto, point * self._total, 0, self._last)
            if (
                self._listed[place] <= day < self._dropped[place]
                and random() < likelihood[self._season[place]]
                and place not in chosen
            ):
                chosen.append(place)
                if len(chosen) == wanted:
                    break
        return chosen or [self._staple(day)]

    def quantity(self, chance: Random, customer: Pharmacy, place: int) -> int:
        """Draw how many packages of a product are ordered."""
        amount: int = round(self._usual[place] * customer.size**0.4 * _SPREAD[int(chance.random() * 512)])
        return amount - amount % 6 if amount > _DOZEN else max(1, amount)

    def _staple(self, day: int) -> int:
        """Return a product that is sold on a day, for who liked nothing: references always are."""
        return next(
            place
            for place, (listed, dropped) in enumerate(zip(self._listed, self._dropped, strict=True))
            if listed <= day < dropped
        )


def scatter(number: int) -> float:
    """Return a point between 0 and 1 that looks random but is the number's own, after Stafford's mix of 64 bits.

    It makes an assortment out of a pharmacy's salt, so that none has to be kept in memory.
    """
    number &= _WORD
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _WORD
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _WORD
    return (number ^ (number >> 31)) / (_WORD + 1)
