"""Plans: sizes, and the same rows from the same plan."""

import datetime as dt
import hashlib
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from etl.demo import DemoPlan, rows
from tests.etl.demo.made import UNTIL, make

SMALL = DemoPlan.sized(300, until=UNTIL)


def digest(plan: DemoPlan, chunk: int = 5_000) -> str:
    """Return a hash of all rows, table by table."""
    hashes: dict[str, Any] = {}
    for table, part in rows(plan, chunk):
        found = hashes.setdefault(table, hashlib.sha256())
        for row in part:
            found.update(repr(row).encode())
    return " ".join(f"{table}:{found.hexdigest()[:16]}" for table, found in hashes.items())


@pytest.mark.parametrize("chunk", [1, 7, 299, 300, 301])
def test_rows_do_not_depend_on_the_size_of_chunks(chunk: int) -> None:
    assert digest(SMALL, chunk) == digest(SMALL)


def test_chunks_are_not_larger_than_asked_for() -> None:
    limited = ("products", "pricing", "customers", "orders", "purchase_orders", "inventory")
    assert {max(len(part) for table, part in rows(SMALL, 50) if table == name) for name in limited} == {50}


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_rows_do_not_depend_on_the_process(hash_seed: str) -> None:
    program = "from tests.etl.demo.test_plan import SMALL, digest; print(digest(SMALL))"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == digest(SMALL)


@pytest.mark.parametrize(
    "other",
    [
        DemoPlan.sized(300, until=UNTIL, seed=43),
        DemoPlan.sized(300, until=UNTIL - dt.timedelta(days=1)),
        DemoPlan.sized(301, until=UNTIL),
    ],
    ids=["seed", "until", "orders"],
)
def test_another_plan_makes_other_orders(other: DemoPlan) -> None:
    assert digest(other) != digest(SMALL)


@pytest.mark.parametrize(
    "plan",
    [
        DemoPlan.sized(1, until=UNTIL, customers=2, products=20),
        DemoPlan.sized(2_000, until=UNTIL, customers=2, products=20),
        DemoPlan.sized(30, until=UNTIL, customers=900, products=5_000),
        DemoPlan.sized(400, until=dt.date(2024, 2, 29)),
        DemoPlan.sized(400, until=dt.date(2025, 4, 1)),
        DemoPlan.sized(400, until=dt.date(2004, 1, 1)),
        DemoPlan.sized(400, until=dt.date(2100, 1, 1)),
    ],
    ids=lambda plan: f"{plan.orders} orders, {plan.customers} customers, {plan.products} products, {plan.until}",
)
def test_every_size_is_met_exactly(plan: DemoPlan) -> None:
    data = make(plan)
    counts = {table: len(found) for table, found in data.tables.items()}
    assert (counts["orders"], counts["customers"], counts["products"]) == (plan.orders, plan.customers, plan.products)
    assert set(data.lines) == set(data.by_id["orders"])
    for table, found in data.tables.items():
        assert [row["id"] for row in found] == list(range(1, counts[table] + 1)), table
    assert min(order["order_date"] for order in data["orders"]) >= plan.now - dt.timedelta(days=730)
    assert max(order["order_date"] for order in data["orders"]) < plan.now


def test_other_sizes_follow_from_the_orders() -> None:
    sizes = [DemoPlan.sized(orders, until=UNTIL) for orders in (2_000, 100_000, 10_000_000)]
    assert [(plan.customers, plan.products) for plan in sizes] == [(100, 600), (5_000, 25_000), (60_000, 25_000)]


def test_an_order_has_three_lines_on_average() -> None:
    data = make(DemoPlan.sized(4_000, until=UNTIL))
    assert 2.9 <= len(data["order_items"]) / 4_000 <= 3.15
    assert max(Counter(item["order_id"] for item in data["order_items"]).values()) == 10


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"orders": 0}, "orders: 0 is not between 1 and 100,000,000"),
        ({"orders": 10, "customers": 0}, "customers: 0 is not between 2 and 200,000"),
        ({"orders": 10, "products": 19}, "products: 19 is not between 20 and 150,000"),
        ({"orders": 10, "until": dt.date(1999, 1, 1)}, "until: 1999-01-01 is not between 2004-01-01 and 2100-01-01"),
    ],
)
def test_what_cannot_be_made_is_refused(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        DemoPlan.sized(**{"until": UNTIL, **sizes})
