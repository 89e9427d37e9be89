"""Prices: what a product costs each tier, from one yearly adjustment to the next."""

import datetime as dt
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal

from etl.demo.catalogue import Product
from etl.demo.chance import stream
from etl.demo.plan import DemoPlan, midnight

TIERS = ("bronze", "silver", "gold", "platinum")
"""The tiers, numbered from 1; the first one pays the default price."""

# Medicines are adjusted once a year, on the first of April: the ceilings of the years that are known, in percent, and
# what is taken for others. Substances without generics are adjusted by less.
_ADJUSTMENTS = {2022: 10.89, 2023: 5.6, 2024: 4.5, 2025: 5.06}
_USUAL_ADJUSTMENT = 4.0
_WITHOUT_RIVALS = 0.6

# What a tier pays of the default price, and how often a product has a price of its own for it.
_TIER_PRICES = {2: (0.97, 0.5), 3: (0.94, 0.8), 4: (0.9, 1.0)}
_NEGOTIATED = {"generic": 0.75, "similar": 0.7, "reference": 0.35}


def money(cents: int) -> Decimal:
    """Return an amount in BRL."""
    return Decimal(cents).scaleb(-2)


class PriceList:
    """The prices of all products: by period, tier and product, in cents."""

    def __init__(self, plan: DemoPlan, products: Sequence[Product]) -> None:
        self._plan = plan
        self._products = products
        self._starts = _adjustment_days(plan)
        self._own = {
            tier: bytes(tier in own for own in (_own_tiers(plan.seed, product) for product in products))
            for tier in _TIER_PRICES
        }
        default = [_history(product, self._starts) for product in products]
        self._prices = [
            [array("q", (prices[period] for prices in default))] * 2
            + [
                array("q", _tier_prices((prices[period] for prices in default), share, self._own[tier]))
                for tier, (share, _) in _TIER_PRICES.items()
            ]
            for period in range(len(self._starts))
        ]

    def on(self, day: int) -> Sequence[Sequence[int]]:
        """Return the prices of a day by tier and product; tier 0 is the default."""
        started = self._plan.since + dt.timedelta(days=day)
        return self._prices[sum(start <= started for start in self._starts) - 1]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Give the rows of `pricing`."""
        number = 0
        since = self._plan.since
        ends = (*(midnight(start) for start in self._starts[1:]), None)
        for place, product in enumerate(self._products):
            listed = since + dt.timedelta(days=product.listed)
            for tier in (None, *(tier for tier, own in self._own.items() if own[place])):
                for start, end, prices in zip(self._starts, ends, self._prices, strict=True):
                    begin = midnight(max(start, listed))
                    if end is None or begin < end:
                        number += 1
                        # Known to the desk some weeks before it holds.
                        made = begin - dt.timedelta(days=12, hours=-10)
                        yield (number, product.id, tier, money(prices[tier or 0][place]), begin, end, made)


def _adjustment_days(plan: DemoPlan) -> list[dt.date]:
    """Return the first of April of each year from before the first order to the last."""
    years = range(plan.since.year - 1, plan.until.year + 1)
    days = [dt.date(year, 4, 1) for year in years if dt.date(year, 4, 1) < plan.until]
    return days[sum(day <= plan.since for day in days) - 1 :]


def _history(product: Product, starts: Sequence[dt.date]) -> list[int]:
    """Return the default price of each period; the last is the product's."""
    rivals = 1.0 if product.presentation.medicine.makers == "all" else _WITHOUT_RIVALS
    price = float(product.price)
    prices = [product.price]
    for start in reversed(starts[1:]):
        price /= 1 + _ADJUSTMENTS.get(start.year, _USUAL_ADJUSTMENT) * rivals / 100
        prices.append(round(price))
    return prices[::-1]


def _own_tiers(seed: int, product: Product) -> frozenset[int]:
    """Return the tiers that have a price of their own for a product."""
    chance = stream(seed, "tiers", product.presentation.number, product.laboratory.id)
    if chance.random() > _NEGOTIATED[product.kind]:
        return frozenset()
    return frozenset(tier for tier, (_, share) in _TIER_PRICES.items() if chance.random() < share)


def _tier_prices(prices: Iterator[int], share: float, own: bytes) -> Iterator[int]:
    return (round(price * share) if has_own else price for price, has_own in zip(prices, own, strict=True))
