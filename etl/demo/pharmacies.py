"""Pharmacies: the customers, from corner shops to small chains."""

import datetime as dt
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from etl.demo.addresses import address
from etl.demo.chance import Wheel, stream
from etl.demo.identifiers import alphanumeric_cnpjs, numeric_cnpjs, slug, telephone
from etl.demo.knowledge import names
from etl.demo.places import REGIONS, Municipality, by_pharmacies, centre_of
from etl.demo.plan import DAYS, DemoPlan, midnight
from etl.demo.prices import money

# From when new companies have letters in their CNPJ.
_LETTERS_SINCE = dt.date(2026, 7, 1)

_KINDS = Wheel(names("shop_kind"))
_NAMES = Wheel(names("shop"))
_MAILBOXES = Wheel([("compras", 6), ("pedidos", 2), ("contato", 2), ("farmacia", 1)])
_TERMS = {1: ("14d", "21d", "28d"), 2: ("21d", "28d", "28d"), 3: ("28d", "28d", "35d"), 4: ("28d", "35d", "45d")}
# Which parts of the pharmacies, from the largest, are platinum, gold and silver.
_TIERS = ((0.06, 4), (0.24, 3), (0.56, 2))
_NEW = DAYS - 150

_THERE_BEFORE = 0.68
_HAS_LETTERS = 0.7
_SUSPENDED, _LEFT = 0.02, 0.07


@dataclass(frozen=True, slots=True)
class Pharmacy:
    """A customer. Days are counted from the first one of orders; it orders from `joined` to before `left`.

    `size` is relative: the usual pharmacy's is 1. `salt` is what its assortment follows from.
    """

    id: int
    name: str
    cnpj: str
    email: str
    phone: str
    address: str
    place: Municipality
    region: int
    centre: int
    tier: int
    size: float
    terms: int
    status: str
    joined: int
    left: int
    salt: int

    def row(self, plan: DemoPlan) -> tuple[object, ...]:
        """Return the pharmacy as a row of `customers`."""
        state = self.place.state
        limit = money(100 * 500 * round(4 + 12 * self.size * self.tier**0.5))
        created = midnight(plan.since + dt.timedelta(days=self.joined)) + dt.timedelta(hours=8 + self.salt % 10)
        end = midnight(plan.since + dt.timedelta(days=self.left))
        updated = end if self.status != "active" else created + (end - created) * (self.salt % 97 / 97) ** 2
        return (
            *(self.id, self.name, self.cnpj, self.email, self.phone, self.address, self.place.name, state.uf),
            *(state.region, self.tier, limit, f"{self.terms}d", self.status, created, updated),
        )


def pharmacies(plan: DemoPlan) -> list[Pharmacy]:
    """Return the customers of a plan in the order in which they joined."""
    chance = stream(plan.seed, "pharmacies")
    numbers = numeric_cnpjs(chance.randrange(10**8))
    letters = alphanumeric_cnpjs(chance.randrange(36**8))
    joined = sorted(_joined(chance) for _ in range(plan.customers))
    joined[0] = min(joined[0], -1)
    ranks = list(range(plan.customers))
    chance.shuffle(ranks)
    sizes = _sizes(plan.customers)
    found = []
    for number, (day, rank) in enumerate(zip(joined, ranks, strict=True), 1):
        place = by_pharmacies().at(chance.random())
        is_young = plan.since + dt.timedelta(days=day) >= _LETTERS_SINCE and chance.random() < _HAS_LETTERS
        name = f"{_KINDS.at(chance.random())} {_NAMES.at(chance.random())}"
        tier = 1 if day > _NEW else _tier(rank / plan.customers)
        left, status = _fate(chance, day, is_first=number == 1)
        found.append(
            Pharmacy(
                id=number,
                name=name,
                cnpj=next(letters if is_young else numbers),
                email=f"{_MAILBOXES.at(chance.random())}@{slug(name)}{number}.example",
                phone=telephone(place.ddd, int(chance.random() * 10**7)),
                address=address(chance, place),
                place=place,
                region=REGIONS.index(place.state.region),
                centre=centre_of(place.state.uf),
                tier=tier,
                size=sizes[rank],
                terms=int(_TERMS[tier][int(chance.random() * 3)].removesuffix("d")),
                status=status,
                joined=day,
                left=left,
                salt=chance.getrandbits(48),
            )
        )
    return found


class Clientele:
    """Who orders: the larger a pharmacy is the more often."""

    def __init__(self, customers: Sequence[Pharmacy]) -> None:
        self._customers = customers
        self._joined = [customer.joined for customer in customers]
        self._upto = list(accumulate(customer.size for customer in customers))

    def on(self, day: int) -> int:
        """Return how many have joined by a day."""
        return bisect(self._joined, day)

    def pick(self, chance: Random, day: int, joined: int) -> Pharmacy:
        """Draw one of those that joined and haven't left."""
        while True:
            found = bisect(self._upto, chance.random() * self._upto[joined - 1], 0, joined - 1)
            customer = self._customers[found]
            if customer.left > day:
                return customer


def _joined(chance: Random) -> int:
    """Return when a pharmacy joined: two thirds were there before the first order, the others came since."""
    if chance.random() < _THERE_BEFORE:
        return -1 - int(chance.random() ** 1.5 * 2500)
    return int(chance.random() * (DAYS - 10))


def _sizes(count: int) -> list[float]:
    """Return sizes by rank, after Zipf's law, flattened at the top; their mean is 1."""
    raw = [(rank + 1 + count / 100) ** -0.8 for rank in range(count)]
    mean = sum(raw) / count
    return [size / mean for size in raw]


def _tier(share: float) -> int:
    return next((tier for upto, tier in _TIERS if share < upto), 1)


def _fate(chance: Random, joined: int, *, is_first: bool) -> tuple[int, str]:
    """Return when a pharmacy left, if it did, and its status; the first one stays."""
    point = chance.random()
    since = max(0, joined)
    if point < _SUSPENDED and not is_first:
        return max(since, DAYS - 5 - int(chance.random() * 40)), "suspended"
    if point < _LEFT and not is_first and since < _NEW:
        return since + int(chance.random() * (DAYS - 60 - since)), "inactive"
    return DAYS, "active"
