"""Orders: what they come to, what becomes of them, and who gives them."""

import datetime as dt
from bisect import bisect_right
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal

from etl.demo.places import states
from etl.demo.workdays import is_working
from tests.etl.demo.made import DemoData, Made

CENT = Decimal("0.01")
OPEN = ("pending", "confirmed", "processing", "shipped")


def test_amounts_add_up_to_the_cent(data: DemoData) -> None:
    for order in data["orders"]:
        net = tax = Decimal(0)
        for line in data.lines[order["id"]]:
            assert line["quantity"] * line["unit_price"] - line["discount"] + line["tax"] == line["total"]
            assert line["quantity"] >= 1
            assert line["total"] > 0
            net += line["total"] - line["tax"]
            tax += line["tax"]
        assert (order["subtotal"], order["tax"]) == (net, tax)
        assert order["subtotal"] + order["tax"] + order["shipping_cost"] == order["total"]


def test_the_tax_is_that_of_the_state_where_the_pharmacy_is(data: DemoData) -> None:
    for order in data["orders"]:
        rate = Decimal(states()[data.customer_of(order)["state"]].icms) / 1000
        for line in data.lines[order["id"]]:
            net = line["total"] - line["tax"]
            assert line["tax"] == (net * rate).quantize(CENT, ROUND_HALF_UP)


def test_the_price_is_the_one_in_force_for_the_tier_at_the_time(data: DemoData) -> None:
    in_force: dict[tuple[int, int | None], list[Made]] = defaultdict(list)
    for row in data["pricing"]:
        in_force[row["product_id"], row["customer_tier_id"]].append(row)
    own = 0
    for order in data["orders"]:
        tier = data.customer_of(order)["tier_id"]
        for line in data.lines[order["id"]]:
            prices = in_force.get((line["product_id"], tier)) or in_force[line["product_id"], None]
            place = bisect_right([row["effective_from"] for row in prices], order["order_date"]) - 1
            assert line["unit_price"] == prices[place]["price"]
            own += prices[place]["customer_tier_id"] is not None
    assert own > 1000


def test_no_product_is_in_an_order_twice(data: DemoData) -> None:
    for lines in data.lines.values():
        assert max(Counter(line["product_id"] for line in lines).values()) == 1


def test_status_and_times_tell_the_same_story(data: DemoData) -> None:
    for order in data["orders"]:
        shipped, delivered = order["shipped_at"], order["delivered_at"]
        assert (shipped is not None) == (order["status"] in ("shipped", "delivered"))
        assert (delivered is not None) == (order["status"] == "delivered")
        assert order["order_date"] < order["promised_at"]
        if shipped:
            assert order["order_date"] < shipped
            assert is_working(shipped.date())
        if delivered:
            assert shipped < delivered
            assert is_working(delivered.date())
            assert order["updated_at"] == delivered


def test_old_orders_are_delivered_and_only_recent_ones_are_on_their_way(data: DemoData) -> None:
    old = [order for order in data["orders"] if data.plan.now - order["order_date"] > dt.timedelta(days=40)]
    counts = Counter(order["status"] for order in old)
    assert set(counts) == {"delivered", "cancelled"}
    assert 0.95 < counts["delivered"] / len(old) < 0.99
    recent = Counter(order["status"] for order in data["orders"] if order not in old and order["status"] in OPEN)
    assert set(recent) == set(OPEN)


def test_nearly_all_is_delivered_when_promised(data: DemoData) -> None:
    delivered = [order for order in data["orders"] if order["status"] == "delivered"]
    punctual = sum(order["delivered_at"] <= order["promised_at"] for order in delivered)
    assert 0.9 < punctual / len(delivered) < 0.98


def test_the_way_is_longer_to_the_north(data: DemoData) -> None:
    days = defaultdict(list)
    for order in data["orders"]:
        if order["delivered_at"]:
            travel = order["delivered_at"] - order["shipped_at"]
            days[data.customer_of(order)["region"]].append(travel / dt.timedelta(days=1))
    mean = {region: sum(found) / len(found) for region, found in days.items()}
    assert mean["Sudeste"] + 2 < mean["Norte"] < 10


def test_payment_fits_method_and_status(data: DemoData) -> None:
    for order in data["orders"]:
        status, paid = order["status"], order["payment_status"]
        at_once = order["payment_method"] in ("pix", "credit_card")
        if status == "cancelled":
            assert paid in (("refunded", "failed") if at_once else ("failed",))
        elif status == "pending":
            assert paid == "pending"
        elif at_once:
            assert paid == "paid"
        else:
            assert paid in ("paid", "pending", "failed")
    assert {order["payment_method"] for order in data["orders"]} == {"boleto", "pix", "credit_card", "bank_transfer"}


def test_invoices_are_open_until_they_are_due(data: DemoData) -> None:
    for order in data["orders"]:
        terms = dt.timedelta(days=int(data.customer_of(order)["payment_terms"].removesuffix("d")))
        if order["payment_status"] == "pending" and order["status"] == "delivered":
            assert data.plan.now - order["order_date"] < terms + dt.timedelta(days=61)
        if order["payment_status"] == "failed" and order["status"] == "delivered":
            assert data.plan.now - order["order_date"] >= terms + dt.timedelta(days=60)


def test_pharmacies_order_only_while_they_are_customers(data: DemoData) -> None:
    last: dict[int, dt.datetime] = {}
    for order in data["orders"]:
        customer = data.customer_of(order)
        assert order["order_date"].date() >= customer["created_at"].date()
        last[customer["id"]] = order["order_date"]
    gone = [row for row in data["customers"] if row["status"] != "active"]
    assert {row["status"] for row in gone} == {"inactive", "suspended"}
    assert all(last[row["id"]] <= row["updated_at"] for row in gone if row["id"] in last)


def test_sizes_of_pharmacies_are_unequal(data: DemoData) -> None:
    counts = sorted(Counter(order["customer_id"] for order in data["orders"]).values(), reverse=True)
    tenth = len(data["customers"]) // 10
    assert 0.25 < sum(counts[:tenth]) / len(data["orders"]) < 0.6
    assert counts[0] / len(data["orders"]) < 0.1
    spent: dict[int, Decimal] = defaultdict(Decimal)
    orders: Counter[int] = Counter()
    for order in data["orders"]:
        tier = data.customer_of(order)["tier_id"]
        spent[tier] += order["total"]
        orders[tier] += 1
    assert spent[4] / orders[4] > spent[1] / orders[1]


def test_a_pharmacy_orders_much_the_same_again(data: DemoData) -> None:
    bought: dict[int, list[int]] = defaultdict(list)
    for item in data["order_items"]:
        bought[data.by_id["orders"][item["order_id"]]["customer_id"]].append(item["product_id"])
    largest = sorted(bought.values(), key=len, reverse=True)[:20]
    everything = [product for products in bought.values() for product in products]
    for products in largest:
        by_chance = everything[:: len(everything) // len(products)][: len(products)]
        assert len(set(products)) < 0.7 * len(set(by_chance))


def test_pharmacies_are_where_they_say(data: DemoData) -> None:
    for customer in data["customers"]:
        assert customer["region"] == states()[customer["state"]].region
        assert customer["phone"].startswith("+55 ")
    assert {customer["region"] for customer in data["customers"]} == {state.region for state in states().values()}
    assert Counter(row["region"] for row in data["customers"]).most_common(1)[0][0] == "Sudeste"
