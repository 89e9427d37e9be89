"""Stock and purchases, against the orders that they serve."""

from collections import Counter, defaultdict
from decimal import Decimal

from etl.demo.places import centre_of
from tests.etl.demo.made import DemoData

UNSHIPPED = ("pending", "confirmed", "processing")


def test_what_is_reserved_is_what_open_orders_wait_for(data: DemoData) -> None:
    waiting: Counter[tuple[int, int]] = Counter()
    for item in data["order_items"]:
        order = data.by_id["orders"][item["order_id"]]
        if order["status"] in UNSHIPPED:
            waiting[centre_of(data.customer_of(order)["state"]), item["product_id"]] += item["quantity"]
    assert waiting
    assert waiting == {
        place: row["quantity_reserved"] for place, row in stock(data).items() if row["quantity_reserved"]
    }


def test_what_is_incoming_is_what_suppliers_have_not_delivered(data: DemoData) -> None:
    coming: Counter[tuple[int, int]] = Counter()
    for row in data["purchase_orders"]:
        if row["status"] == "ordered":
            coming[row["warehouse_id"], row["product_id"]] += row["quantity_ordered"]
    assert coming
    assert coming == {place: row["quantity_incoming"] for place, row in stock(data).items() if row["quantity_incoming"]}


def test_a_place_of_stock_is_there_once(data: DemoData) -> None:
    assert len(stock(data)) == len(data["inventory"])


def test_some_stock_is_low_and_most_of_that_is_on_order(data: DemoData) -> None:
    rows = data["inventory"]
    low = [row for row in rows if row["quantity_available"] < row["reorder_point"]]
    assert 0.08 < len(low) / len(rows) < 0.18
    assert 0 < sum(row["quantity_available"] == 0 for row in rows) / len(rows) < 0.06
    assert 0.5 < sum(row["quantity_incoming"] > 0 for row in low) / len(low) < 0.95
    assert min(row["quantity_available"] for row in rows) >= 0


def test_what_sells_more_is_kept_more(data: DemoData) -> None:
    sold: Counter[tuple[int, int]] = Counter()
    for item in data["order_items"]:
        order = data.by_id["orders"][item["order_id"]]
        sold[centre_of(data.customer_of(order)["state"]), item["product_id"]] += item["quantity"]
    kept = {place: row["quantity_available"] for place, row in stock(data).items()}
    places = sorted(kept, key=lambda place: sold[place])
    tenth = len(places) // 10
    least, most = (sum(kept[place] for place in part) for part in (places[:tenth], places[-tenth:]))
    assert most > 3 * least


def test_nothing_is_sold_below_its_cost(data: DemoData) -> None:
    costs: dict[int, Decimal] = defaultdict(Decimal)
    for row in data["purchase_orders"]:
        costs[row["product_id"]] = max(costs[row["product_id"]], row["unit_cost"])
        assert row["unit_cost"] > 0
    dearest: dict[int, Decimal] = {}
    for row in data["pricing"]:
        if row["effective_to"] is None:
            cheapest = min(row["price"], dearest.get(row["product_id"], row["price"]))
            dearest[row["product_id"]] = cheapest
    compared = [(cost, dearest[product]) for product, cost in costs.items()]
    # Eight percent is the most that a line's discounts come to.
    assert all(cost < price * Decimal("0.92") for cost, price in compared if price > 2)


def test_purchases_arrive_when_their_status_says(data: DemoData) -> None:
    kinds: Counter[str] = Counter()
    for row in data["purchase_orders"]:
        ordered, received = row["quantity_ordered"], row["quantity_received"]
        assert row["ordered_at"] < row["expected_at"]
        assert (row["received_at"] is not None) == (row["status"] == "received")
        if row["status"] == "received":
            assert row["ordered_at"] < row["received_at"]
            assert 0 < received <= ordered
            kinds["late"] += row["received_at"] > row["expected_at"]
            kinds["partial"] += received < ordered
        else:
            assert received == 0
        kinds[row["status"]] += 1
    assert 0.05 < kinds["partial"] / kinds["received"] < 0.15
    assert 0.1 < kinds["late"] / kinds["received"] < 0.3
    assert 0 < kinds["cancelled"] < 0.05 * kinds["received"]
    assert kinds["ordered"] > 0


def test_purchases_cover_what_was_sold(data: DemoData) -> None:
    sold = sum(
        item["quantity"]
        for item in data["order_items"]
        if data.by_id["orders"][item["order_id"]]["status"] != "cancelled"
    )
    bought = sum(row["quantity_received"] for row in data["purchase_orders"])
    assert 0.9 * sold < bought < 1.6 * sold


def test_purchases_are_numbered_as_they_were_made(data: DemoData) -> None:
    times = [row["ordered_at"] for row in data["purchase_orders"]]
    assert times == sorted(times)


def test_a_purchase_is_from_the_maker_or_an_active_distributor(data: DemoData) -> None:
    from_maker = 0
    for row in data["purchase_orders"]:
        supplier = data.by_id["suppliers"][row["supplier_id"]]
        if row["supplier_id"] == data.by_id["products"][row["product_id"]]["manufacturer_id"]:
            from_maker += 1
        else:
            assert (supplier["type"], supplier["status"]) == ("distributor", "active")
    assert 0.65 < from_maker / len(data["purchase_orders"]) < 0.85


def stock(data: DemoData) -> dict[tuple[int, int], dict[str, int]]:
    return {(row["warehouse_id"], row["product_id"]): row for row in data["inventory"]}
