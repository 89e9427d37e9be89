"""The catalogue, its makers and its prices."""

import datetime as dt
import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise

from etl.demo import DemoPlan
from etl.demo.catalogue import catalogue
from etl.demo.laboratories import companies
from tests.etl.demo.made import UNTIL, DemoData, Made


def test_a_generic_is_named_by_its_substance_and_others_by_a_brand(data: DemoData) -> None:
    for product in data["products"]:
        substance = product["active_ingredient"].split(";")[0]
        assert product["name"].upper().startswith(substance) == product["is_generic"], product


def test_the_description_tells_which_kind_it_is_and_how_it_may_be_sold(data: DemoData) -> None:
    kinds: Counter[str | None] = Counter()
    for product in data["products"]:
        found = re.search(r"Medicamento (de referência|genérico|similar)\.", product["description"])
        kinds[found and found[1]] += 1
        assert (found is not None and found[1] == "genérico") == product["is_generic"]
    assert all(kinds[kind] > 200 for kind in ("de referência", "genérico", "similar"))
    texts = " ".join(product["description"] for product in data["products"])
    assert "lista C1" in texts
    assert "Tarja preta" in texts
    assert "isento de prescrição" in texts


def test_registrations_are_those_of_medicines_but_for_repellents(data: DemoData) -> None:
    repellents = {row["id"] for row in data["categories"] if row["name"] == "Repelentes"}
    for product in data["products"]:
        area = "2" if product["category_id"] in repellents else "1"
        assert re.fullmatch(rf"{area}\d{{12}}", product["regulatory_code"]), product
    assert len({product["regulatory_code"] for product in data["products"]}) == len(data["products"])


def test_a_laboratory_has_one_brand_and_one_registration_for_a_substance() -> None:
    plan = DemoPlan.sized(1, until=UNTIL, products=6_000)
    brands: dict[tuple[object, ...], set[str]] = defaultdict(set)
    registrations: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for product in catalogue(plan, companies(plan)):
        line = product.laboratory.id, product.presentation.medicine.ingredient, product.kind
        brands[line].add(product.name.split()[0])
        registrations[line].add(product.code[:9])
    assert {len(found) for found in brands.values()} == {1}
    assert {len(found) for found in registrations.values()} == {1}
    assert len({code for found in registrations.values() for code in found}) == len(registrations)


def test_every_product_is_another_one() -> None:
    plan = DemoPlan.sized(1, until=UNTIL, products=25_000)
    products = catalogue(plan, companies(plan))
    assert len(products) == 25_000
    assert len({(product.presentation.number, product.laboratory.id) for product in products}) == 25_000
    assert len({product.code for product in products}) == 25_000
    assert sum(product.kind == "reference" for product in products) == len({p.presentation.number for p in products})


def test_a_reference_is_never_made_by_a_maker_of_generics() -> None:
    plan = DemoPlan.sized(1, until=UNTIL)
    makers = {product.laboratory.name for product in catalogue(plan, companies(plan)) if product.kind == "reference"}
    assert makers
    assert not any("Genéricos" in maker for maker in makers)


def test_a_generic_is_at_least_35_percent_cheaper_than_its_reference(data: DemoData) -> None:
    today = {row["product_id"]: row["price"] for row in current_prices(data) if row["customer_tier_id"] is None}
    same = defaultdict(list)
    for product in data["products"]:
        if "cosmético" not in product["description"]:
            same[product["active_ingredient"], product["package_size"]].append(product)
    compared = 0
    for products in same.values():
        reference = next(today[p["id"]] for p in products if "de referência" in p["description"])
        for generic in (today[p["id"]] for p in products if p["is_generic"] and today[p["id"]] > Decimal("1.50")):
            assert generic <= reference * Decimal("0.65")
            compared += 1
    assert compared > 200


def test_better_tiers_pay_less_and_bronze_pays_the_default(data: DemoData) -> None:
    prices: dict[int, dict[int | None, Decimal]] = defaultdict(dict)
    for row in current_prices(data):
        prices[row["product_id"]][row["customer_tier_id"]] = row["price"]
    assert set(prices) == set(data.by_id["products"])
    for tiers in prices.values():
        paid = [tiers[tier] for tier in (None, 2, 3, 4) if tier in tiers]
        assert paid == sorted(paid, reverse=True)
        assert 1 not in tiers
    assert 0.4 < sum(4 in tiers for tiers in prices.values()) / len(prices) < 0.8


def test_prices_rise_each_first_of_april_without_gap_or_overlap(data: DemoData) -> None:
    rows = defaultdict(list)
    for row in data["pricing"]:
        rows[row["product_id"], row["customer_tier_id"]].append(row)
    for periods in rows.values():
        assert periods[-1]["effective_to"] is None
        for before, after in pairwise(periods):
            assert before["effective_to"] == after["effective_from"]
            assert (after["effective_from"].month, after["effective_from"].day) == (4, 1)
            assert before["price"] <= after["price"] <= before["price"] * Decimal("1.06") + Decimal("0.01")
    assert {len(periods) for periods in rows.values()} == {1, 2, 3}


def test_laboratories_make_and_distributors_only_sell(data: DemoData) -> None:
    kinds = {row["id"]: row["type"] for row in data["suppliers"]}
    assert {kinds[product["manufacturer_id"]] for product in data["products"]} == {"manufacturer"}
    assert set(kinds.values()) == {"manufacturer", "distributor"}
    plan = DemoPlan.sized(1, until=UNTIL, products=150_000)
    names = [company.name for company in companies(plan)]
    assert len(set(names)) == len(names)


def test_what_is_dropped_is_not_ordered_any_more(data: DemoData) -> None:
    dropped = {p["id"]: p["updated_at"] for p in data["products"] if p["status"] == "discontinued"}
    assert 0.01 < len(dropped) / len(data["products"]) < 0.05
    for item in data["order_items"]:
        order = data.by_id["orders"][item["order_id"]]
        assert data.by_id["products"][item["product_id"]]["created_at"] - dt.timedelta(hours=9) <= order["order_date"]
        if item["product_id"] in dropped:
            assert order["order_date"] < dropped[item["product_id"]]


def current_prices(data: DemoData) -> list[Made]:
    return [row for row in data["pricing"] if row["effective_to"] is None]
