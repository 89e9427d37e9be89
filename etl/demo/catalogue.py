"""The catalogue: which laboratory makes which presentation, under which name."""

import datetime as dt
import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from etl.demo.brands import brand_names
from etl.demo.chance import stream
from etl.demo.identifiers import registration
from etl.demo.knowledge import table
from etl.demo.laboratories import Company
from etl.demo.medicines import CONTROLS, Presentation, presentations
from etl.demo.plan import DAYS, DemoPlan, midnight

# After the reference come more generics than similars.
_KINDS = ("reference", "generic", "similar", "generic")
_KIND_IN_WORDS = {
    "reference": "Medicamento de referência",
    "generic": "Medicamento genérico",
    "similar": "Medicamento similar",
}
# What is paid for it, in parts of the reference's price: a generic is at least 35 % below it by rule.
_KIND_PRICES = {"reference": (0.97, 1.03), "similar": (0.58, 0.82), "generic": (0.38, 0.62)}
# How much of the same a maker sells: the first generic more than the reference, each further maker less.
_REFERENCE_WEIGHT = 0.8
_RIVALRY = 0.85
# How many products, none of them a reference, came or went while there were orders.
_LAUNCHED, _DROPPED = 0.05, 0.03


@dataclass(frozen=True, slots=True)
class Category:
    """A group of the catalogue; the upper ones have no parent. `season` names the time when more of it is sold."""

    id: int
    name: str
    parent_id: int | None
    season: str


@dataclass(frozen=True, slots=True)
class Product:
    """A presentation by one laboratory.

    `price` is today's in BRL cents before any tier's; days are counted from the first day of the orders, and it is sold
    from `listed` to before `dropped`.
    """

    id: int
    name: str
    presentation: Presentation
    laboratory: Company
    kind: str
    category: Category
    code: str
    price: int
    demand: float
    listed: int
    dropped: int

    def row(self, plan: DemoPlan) -> tuple[object, ...]:
        """Return the product as a row of `products`."""
        made = self.presentation
        medicine = made.medicine
        kind = "" if medicine.control == "cosmetic" else f" {_KIND_IN_WORDS[self.kind]}."
        description = (
            f"{medicine.title} {made.strength_in_words}, {medicine.form.name}, {made.package_in_words}.{kind} "
            f"{CONTROLS[medicine.control]}."
        )
        is_dropped = self.dropped < DAYS
        created = midnight(plan.since + dt.timedelta(days=self.listed)) + dt.timedelta(hours=9)
        updated = midnight(plan.since + dt.timedelta(days=self.dropped)) if is_dropped else created
        return (
            *(self.id, f"CT{self.id:07}", self.name, description, self.category.id, self.laboratory.id),
            *(medicine.ingredient.upper().replace(" + ", ";"), made.strength, f"{made.strength} {made.package}"),
            *(self.code, self.kind == "generic", "discontinued" if is_dropped else "active", created, updated),
        )


@cache
def categories() -> tuple[Category, ...]:
    """Return the categories: the groups, then what is within them."""
    rows = table("categories")
    groups = {name: number for number, name in enumerate(dict.fromkeys(row["group"] for row in rows), 1)}
    upper = (Category(number, name, None, "") for name, number in groups.items())
    lower = (
        Category(number, row["category"], groups[row["group"]], row["season"])
        for number, row in enumerate(rows, len(groups) + 1)
    )
    return (*upper, *lower)


def catalogue(plan: DemoPlan, suppliers: list[Company]) -> list[Product]:
    """Return the products of a plan, in the order of their names."""
    laboratories = [company for company in suppliers if company.is_laboratory]
    chosen = _chosen(plan, len(laboratories))
    labels = _Labels(plan, laboratories)
    named = sorted(
        ((labels.name(made, rival), made, rival) for made, rival in chosen),
        key=lambda choice: (choice[0], choice[1].number, choice[2]),
    )
    within = {category.name: category for category in categories() if category.parent_id}
    return [
        _product(plan, number, name, made, rival, labels, within[made.medicine.category])
        for number, (name, made, rival) in enumerate(named, 1)
    ]


def _chosen(plan: DemoPlan, laboratories: int) -> list[tuple[Presentation, int]]:
    """Take the best-selling presentations, each with the number of its maker; the reference is 0."""
    known = list(presentations())
    heap = [(-_weight(made, 0), made.number, 0) for made in known]
    heapq.heapify(heap)
    chosen: list[tuple[Presentation, int]] = []
    # There are enough laboratories for any size, see `companies`.
    while len(chosen) < plan.products:
        _, number, rival = heapq.heappop(heap)
        made = known[number - 1]
        chosen.append((made, rival))
        if made.medicine.makers != "one" and rival + 1 < laboratories:
            heapq.heappush(heap, (-_weight(made, rival + 1), number, rival + 1))
    return chosen


def _weight(made: Presentation, rival: int) -> float:
    return made.weight * (_REFERENCE_WEIGHT if rival == 0 else 1 / rival**_RIVALRY)


class _Labels:
    """Who makes what under which name: the same for all presentations of a substance."""

    def __init__(self, plan: DemoPlan, laboratories: list[Company]) -> None:
        self._seed = plan.seed
        self._laboratories = laboratories
        self._makers: dict[str, list[Company]] = {}
        self._brands: dict[str, Iterator[str]] = {}
        self._names: dict[tuple[str, int], str] = {}
        self._taken: set[str] = set()
        self._lines: dict[tuple[int, str, str], int] = {}
        self._line_counts: Counter[int] = Counter()
        self._presentation_counts: Counter[tuple[int, str, str]] = Counter()

    def laboratory(self, made: Presentation, rival: int) -> Company:
        """Return the maker: each substance has its own order of laboratories."""
        ingredient = made.medicine.ingredient
        if ingredient not in self._makers:
            makers = list(self._laboratories)
            stream(self._seed, "makers", ingredient).shuffle(makers)
            originator = next(place for place, maker in enumerate(makers) if not maker.makes_generics_only)
            makers.insert(0, makers.pop(originator))
            self._makers[ingredient] = makers
        return self._makers[ingredient][rival]

    def kind(self, made: Presentation, rival: int) -> str:
        """Return whether it is the reference, a generic or a similar."""
        if rival == 0:
            return "reference"
        return _KINDS[1 + rival % 3] if made.medicine.makers == "all" else "similar"

    def name(self, made: Presentation, rival: int) -> str:
        """Return the trade name with strength: a generic has none of its own but the substance's."""
        ingredient = made.medicine.ingredient
        if self.kind(made, rival) == "generic":
            own = made.medicine.title
        elif (ingredient, rival) in self._names:
            own = self._names[ingredient, rival]
        else:
            brands = self._brands.setdefault(ingredient, brand_names(self._seed, ingredient, self._taken))
            own = self._names[ingredient, rival] = next(brands)
        return " ".join(part for part in (own, made.strength_in_words, made.medicine.form.short) if part)

    def code(self, made: Presentation, rival: int) -> str:
        """Return the registration: a laboratory's presentations of a substance under one name share all but the end."""
        holder = self.laboratory(made, rival)
        key = (holder.id, made.medicine.ingredient, self.kind(made, rival))
        if key not in self._lines:
            self._line_counts[holder.id] += 1
            self._lines[key] = self._line_counts[holder.id]
        line = self._lines[key]
        self._presentation_counts[key] += 1
        area = 2 if made.medicine.control == "cosmetic" else 1
        return registration(holder.holder, line, self._presentation_counts[key], area=area)


def _product(
    plan: DemoPlan, number: int, name: str, made: Presentation, rival: int, labels: _Labels, category: Category
) -> Product:
    kind = labels.kind(made, rival)
    laboratory = labels.laboratory(made, rival)
    chance = stream(plan.seed, "product", made.number, rival)
    low, high = _KIND_PRICES[kind]
    listed, dropped = -90 - int(chance.random() ** 2 * 3000), DAYS
    fate = chance.random()
    if fate < _LAUNCHED and rival:
        listed = int(chance.random() * (DAYS - 30))
    elif fate > 1 - _DROPPED and rival:
        dropped = int(DAYS / 3 + chance.random() * DAYS / 2)
    return Product(
        id=number,
        name=name,
        presentation=made,
        laboratory=laboratory,
        kind=kind,
        category=category,
        code=labels.code(made, rival),
        price=max(150, round(made.price * (low + chance.random() * (high - low)))),
        demand=_weight(made, rival) * (0.6 + 0.8 * chance.random()),
        listed=listed,
        dropped=dropped,
    )
