"""Medicines: what is known of each substance, whoever makes it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from etl.demo.knowledge import names, table

CONTROLS = {
    "otc": "Medicamento isento de prescrição",
    "rx": "Tarja vermelha: venda sob prescrição",
    "retained": "Tarja vermelha: venda sob prescrição com retenção de receita",
    "glp1": "Tarja vermelha: venda sob prescrição com retenção de receita",
    "c1": "Tarja vermelha: receita de controle especial (lista C1)",
    "c2": "Tarja vermelha: notificação de receita especial para retinoides (lista C2)",
    "c5": "Tarja vermelha: receita de controle especial (lista C5)",
    "a2x": "Tarja vermelha: receita de controle especial (adendo da lista A2)",
    "b1x": "Tarja vermelha: receita de controle especial (adendo da lista B1)",
    "b1": "Tarja preta: notificação de receita B (lista B1)",
    "b2": "Tarja preta: notificação de receita B2 (lista B2)",
    "a1": "Tarja preta: notificação de receita A (lista A1)",
    "a3": "Tarja preta: notificação de receita A (lista A3)",
    "cosmetic": "Produto de higiene pessoal e cosmético",
}
"""How a pharmacy may sell it, by the kinds that the table of medicines uses."""

_SMALL_WORDS = frozenset(word for word, _ in names("small_word"))
"""What keeps its small letter in a name: particles, and the species in the names of plants and microbes."""


@dataclass(frozen=True, slots=True)
class Form:
    """A pharmaceutical form; the texts are templates of `{n}` (how many or how much) and `{v}` (volume of each)."""

    name: str
    short: str
    one: str
    many: str
    package: str


@dataclass(frozen=True, slots=True)
class Medicine:
    """A substance in one form; `price` in BRL cents is that of the reference's first strength and pack."""

    ingredient: str
    category: str
    control: str
    makers: str
    demand: float
    form: Form
    strengths: tuple[str, ...]
    packs: tuple[tuple[str, str], ...]
    price: int

    @property
    def title(self) -> str:
        """The substance as a generic is named: `Losartana Potássica`."""
        return titled(self.ingredient)


@dataclass(frozen=True, slots=True)
class Presentation:
    """A medicine in one strength and package; `weight` is its part of the demand, `number` its place in the list."""

    medicine: Medicine
    number: int
    strength: str
    pack: tuple[str, str]
    price: int
    weight: float

    @property
    def package(self) -> str:
        """The package as Anvisa's vocabulary abbreviates it."""
        count, volume = self.pack
        return self.medicine.form.package.format(n=count, v=volume)

    @property
    def package_in_words(self) -> str:
        """The package as one says it."""
        count, volume = self.pack
        form = self.medicine.form
        return (form.one if count == "1" else form.many).format(n=count, v=volume)

    @property
    def strength_in_words(self) -> str:
        """The strength with units as prose writes them: `500 mg/mL`."""
        return as_prose(self.strength)


@cache
def medicines() -> tuple[Medicine, ...]:
    """Return the medicines known."""
    forms = {row["code"]: Form(row["form"], *(row[part] for part in _FORM_TEXTS)) for row in table("forms")}
    return tuple(
        Medicine(
            ingredient=row["ingredient"],
            category=row["category"],
            control=row["control"],
            makers=row["makers"],
            demand=float(row["demand"]),
            form=forms[row["form"]],
            # A comma with a space separates; one without is the decimal comma.
            strengths=tuple(row["strengths"].split(", ")),
            packs=tuple(_pack(pack) for pack in row["packs"].split(", ")),
            price=round(float(row["price"]) * 100),
        )
        for row in table("medicines")
    )


_FORM_TEXTS = ("short", "one", "many", "package")


def presentations() -> Iterator[Presentation]:
    """Give each medicine in each strength and package; the first ones of a medicine sell best.

    A higher strength or a larger pack costs more, but less than in proportion, as it does in the official price list.
    """
    number = 0
    for medicine in medicines():
        for place, strength in enumerate(medicine.strengths):
            for rank, pack in enumerate(medicine.packs):
                potency = (_amount(strength) / _amount(medicine.strengths[0])) ** 0.35
                content = (_content(pack) / _content(medicine.packs[0])) ** 0.9
                number += 1
                yield Presentation(
                    medicine=medicine,
                    number=number,
                    strength=strength,
                    pack=pack,
                    price=round(medicine.price * potency * content),
                    weight=medicine.demand / ((1 + place) * (1 + rank)) ** 0.7,
                )


def titled(text: str) -> str:
    """Return a substance's name with capitals as on a package."""
    return " ".join(word if word in _SMALL_WORDS else _capital(word) for word in text.split())


def as_prose(strength: str) -> str:
    """Return a strength with the units of prose: `500 MG/ML` as `500 mg/mL`."""
    prose = re.sub(r"\b(MG|MCG|G|DOSE|GOTA|BILHÕES)\b", lambda unit: unit[0].lower(), strength)
    return re.sub(r"\bML\b", "mL", re.sub(r"\bMEQ/L\b", "mEq/L", prose))


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]


def _pack(text: str) -> tuple[str, str]:
    count, _, volume = text.partition("x")
    return count, volume


def _content(pack: tuple[str, str]) -> float:
    count, volume = pack
    return _number(count) * (_number(volume) if volume else 1)


def _amount(strength: str) -> float:
    """Return the amount in a strength's first part, in its smallest unit; 1 where it has none."""
    found = re.match(r"([\d.,]+) ?(G\b)?", strength)
    if not found:
        return 1
    return _number(found[1]) * (1000 if found[2] else 1)


def _number(text: str) -> float:
    """Read a number as Brazil writes it."""
    return float(text.replace(".", "").replace(",", "."))
