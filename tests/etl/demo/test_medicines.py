"""What is known of medicines."""

import re

import pytest

from etl.demo.brands import brand_names
from etl.demo.catalogue import categories
from etl.demo.medicines import CONTROLS, as_prose, medicines, presentations, titled


def test_there_are_medicines_enough_each_in_a_known_category_and_kind() -> None:
    assert len({medicine.ingredient for medicine in medicines()}) >= 250
    known = {category.name for category in categories() if category.parent_id}
    assert {medicine.category for medicine in medicines()} == known
    assert {medicine.control for medicine in medicines()} == set(CONTROLS)
    assert {medicine.makers for medicine in medicines()} == {"all", "brands", "one"}


def test_categories_are_groups_and_what_is_within_them() -> None:
    groups = {category.id for category in categories() if category.parent_id is None}
    within = [category for category in categories() if category.parent_id is not None]
    assert len(groups) >= 12
    assert {category.parent_id for category in within} == groups


def test_no_presentation_is_there_twice() -> None:
    found = [(made.medicine.ingredient, made.strength, made.package) for made in presentations()]
    assert len(found) == len(set(found))


def test_packages_are_written_as_anvisa_abbreviates_them() -> None:
    packages = [f"{made.strength} {made.package}" for made in presentations()]
    assert all(re.fullmatch(r"[A-ZÇÕ0-9.,%+/&\- ]+", package) for package in packages)
    assert "500 MG/ML SOL OR CT FR PLAS OPC GOT X 20 ML" in packages
    assert "50 MG COM REV CT BL AL PLAS TRANS X 30" in packages


def test_packages_in_words_agree_in_number() -> None:
    words = {made.package_in_words for made in presentations()}
    assert {"1 comprimido", "30 comprimidos", "frasco gotejador de 20 mL", "5 canetas de 3 mL"} <= words
    assert not [text for text in words if re.match(r"1 \w+s\b", text) or "{" in text]


def test_a_higher_strength_and_a_larger_pack_cost_more_but_less_than_in_proportion() -> None:
    losartan = {
        (made.strength, made.pack[0]): made.price
        for made in presentations()
        if made.medicine.ingredient == "losartana potássica"
    }
    assert losartan["25 MG", "30"] < losartan["50 MG", "30"] < losartan["100 MG", "30"] < 2 * losartan["50 MG", "30"]
    assert losartan["50 MG", "30"] < losartan["50 MG", "60"] < 2 * losartan["50 MG", "30"]


@pytest.mark.parametrize(
    ("strength", "prose"),
    [
        ("500 MG/ML", "500 mg/mL"),
        ("100 MCG/DOSE", "100 mcg/dose"),
        ("100.000 UI/G + 200 MG/G", "100.000 UI/g + 200 mg/g"),
        ("45 MEQ/L", "45 mEq/L"),
        ("1 G", "1 g"),
    ],
)
def test_strengths_in_prose(strength: str, prose: str) -> None:
    assert as_prose(strength) == prose


def test_substances_as_on_a_package() -> None:
    assert titled("cloridrato de metformina") == "Cloridrato de Metformina"
    assert titled("dipirona + cafeína") == "Dipirona + Cafeína"
    assert titled("hedera helix") == "Hedera helix"


def test_brands_begin_like_the_substance_and_none_is_given_twice() -> None:
    taken: set[str] = set()
    names = [name for _, name in zip(range(100), brand_names(1, "succinato de metoprolol", taken), strict=False)]
    names += [name for _, name in zip(range(100), brand_names(1, "cloridrato de metoclopramida", taken), strict=False)]
    assert len(set(names)) == 200
    assert all(name.startswith("Met") for name in names)
    assert not any(re.search(r"([aeiou])\1", name) for name in names)


def test_prices_are_those_of_a_pharmacy_not_of_a_hospital() -> None:
    prices = sorted(made.price for made in presentations())
    assert prices[0] >= 200
    assert prices[len(prices) // 2] < 10_000
    assert prices[-1] < 300_000
