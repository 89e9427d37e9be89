"""Laboratories and distributors: invented companies with what a supplier's row holds."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from etl.demo.chance import Wheel, stream
from etl.demo.identifiers import alphanumeric_cnpjs, numeric_cnpjs, slug, telephone
from etl.demo.knowledge import names
from etl.demo.places import Municipality, municipalities
from etl.demo.plan import DemoPlan, midnight

# Brazilian trees, birds, stones and landscapes.
_NAMES = [name for name, _ in names("company")]
_KINDS = (
    "Indústria Farmacêutica Ltda.",
    "Farmacêutica S.A.",
    "Laboratórios Ltda.",
    "Química e Farmacêutica Ltda.",
    "Medicamentos Ltda.",
    "Biociências S.A.",
    "Genéricos Ltda.",
)
_LEGAL_FORM = re.compile(r" (Ltda\.|S\.A\.)$")
_PLACES = ("", " do Sul", " Paulista", " do Nordeste", " Mineira", " do Planalto", " Atlântica", " Oriental")
_DISTRIBUTORS = ("Distribuidora de Medicamentos {}", "{} Distribuidora Farmacêutica", "Comercial {} de Medicamentos")

# Where the industry is: half of it in São Paulo.
_HOMES = Wheel(
    (place, place.population**0.5 * {"SP": 8, "GO": 6, "RJ": 3, "MG": 3, "PR": 3, "RS": 2, "SC": 2}.get(uf, 0.4))
    for place in municipalities()
    for uf in (place.state.uf,)
)
_TERMS = Wheel([("30d", 4), ("45d", 3), ("60d", 2), ("28d", 1)])
_DAYS_TO_DELIVER = range(4, 19)


@dataclass(frozen=True, slots=True)
class Company:
    """A supplier; `lead_days` is how long it takes to deliver, `holder` its number with Anvisa."""

    id: int
    name: str
    cnpj: str
    is_laboratory: bool
    home: Municipality
    payment_terms: str
    lead_days: int
    holder: int
    is_active: bool
    since: dt.datetime
    phone: str

    def row(self, plan: DemoPlan) -> tuple[object, ...]:
        """Return the company as a row of `suppliers`."""
        contact = f'{{"email": "{self._desk}@{slug(_LEGAL_FORM.sub("", self.name))}.example", "phone": "{self.phone}"}}'
        kind = "manufacturer" if self.is_laboratory else "distributor"
        status = "active" if self.is_active else "inactive"
        updated = min(self.since + dt.timedelta(days=400), plan.now)
        region = self.home.state.region
        return (
            *(self.id, self.name, self.cnpj, kind, contact, self.payment_terms),
            *(region, status, self.since, updated),
        )

    @property
    def makes_generics_only(self) -> bool:
        """Whether it would never be the maker of a reference."""
        return "Genéricos" in self.name

    @property
    def _desk(self) -> str:
        return "comercial" if self.is_laboratory else "vendas"


def companies(plan: DemoPlan) -> list[Company]:
    """Return the laboratories and, after them, the distributors; there are more for a larger catalogue."""
    laboratories = max(24, plan.products // 100)
    chance = stream(plan.seed, "companies")
    called = _laboratory_names()
    numbers = numeric_cnpjs(chance.randrange(10**8))
    letters = alphanumeric_cnpjs(chance.randrange(36**8))
    found = []
    for number in range(1, laboratories + max(6, laboratories // 6) + 1):
        is_laboratory = number <= laboratories
        home = _HOMES.at(chance.random())
        found.append(
            Company(
                id=number,
                name=next(called) if is_laboratory else _distributor_name(number - laboratories),
                # The youngest distributors were founded after companies began to get letters.
                cnpj=next(letters if not is_laboratory and number % 6 == 0 else numbers),
                is_laboratory=is_laboratory,
                home=home,
                payment_terms=_TERMS.at(chance.random()),
                lead_days=_DAYS_TO_DELIVER[int(chance.random() * len(_DAYS_TO_DELIVER))],
                holder=1000 + number * 37 % 9000,
                # A laboratory always sells something here; some distributors were given up.
                is_active=is_laboratory or number % 5 != 0,
                since=midnight(plan.since) - dt.timedelta(days=int(60 + chance.random() * 2500), hours=-9),
                phone=telephone(home.ddd, int(chance.random() * 10**7)),
            )
        )
    return found


def _laboratory_names() -> Iterator[str]:
    """Give names, the plain ones first, none twice."""
    for place, turn in product(_PLACES, range(len(_KINDS))):
        for number, name in enumerate(_NAMES):
            yield f"{name}{place} {_KINDS[(number + turn) % len(_KINDS)]}"


def _distributor_name(number: int) -> str:
    """Return a name, another for each of the first three hundred numbers."""
    called = [f"{first} {last}" for last in ("Log", "Sul", "Norte") for first in _NAMES]
    pattern = _DISTRIBUTORS[(number + number // len(called)) % len(_DISTRIBUTORS)]
    # 25 shares no factor with the names, so neighbours in number are none in the alphabet.
    return f"{pattern.format(called[number * 25 % len(called)])} Ltda."
