"""Contacts of pharmacies, against the orders that they are about."""

import datetime as dt
from collections import Counter
from statistics import median

from tests.etl.demo.made import DemoData


def test_a_contact_about_an_order_is_its_customers_and_comes_after_it(data: DemoData) -> None:
    about = [row for row in data["customer_interactions"] if row["order_id"]]
    assert 0.2 * len(data["orders"]) < len(about) < len(data["orders"])
    for row in about:
        order = data.by_id["orders"][row["order_id"]]
        assert order["customer_id"] == row["customer_id"]
        assert order["order_date"] <= row["interaction_date"]


def test_an_order_is_only_named_where_there_is_one(data: DemoData) -> None:
    for row in data["customer_interactions"]:
        text = f"{row['subject']} {row['message']}"
        if row["order_id"] is None:
            assert "pedido" not in text
        else:
            assert row["type"] != "order" or "pedido" in text
            assert "pedido" not in row["subject"].lower() or str(row["order_id"]) in row["subject"]


def test_who_waits_too_long_complains(data: DemoData) -> None:
    complained = {row["order_id"] for row in data["customer_interactions"] if row["type"] == "complaint"}
    late, punctual = Counter[bool](), Counter[bool]()
    for order in data["orders"]:
        if order["delivered_at"]:
            (late if order["delivered_at"] > order["promised_at"] else punctual)[order["id"] in complained] += 1
    assert late[True] / late.total() > 5 * punctual[True] / punctual.total()


def test_what_is_settled_took_its_time_and_that_is_over(data: DemoData) -> None:
    rows = data["customer_interactions"]
    for row in rows:
        assert row["resolved"] == (row["resolution_time_minutes"] is not None)
        if row["resolved"]:
            took = dt.timedelta(minutes=row["resolution_time_minutes"])
            assert row["interaction_date"] + took <= data.plan.now
    assert 0.9 < sum(row["resolved"] for row in rows) / len(rows) < 0.99


def test_programs_answer_faster_and_more_and_more_often(data: DemoData) -> None:
    rows = data["customer_interactions"]
    minutes = {
        agent: median(r["resolution_time_minutes"] for r in rows if r["resolved"] and r["agent_type"] == agent)
        for agent in ("ai", "human")
    }
    assert minutes["ai"] * 3 < minutes["human"]
    middle = data.plan.now - dt.timedelta(days=365)
    first = [row["agent_type"] == "ai" for row in rows if row["interaction_date"] < middle]
    second = [row["agent_type"] == "ai" for row in rows if row["interaction_date"] >= middle]
    assert sum(second) / len(second) > sum(first) / len(first)


def test_all_kinds_and_channels_are_there(data: DemoData) -> None:
    rows = data["customer_interactions"]
    assert {row["type"] for row in rows} == {"inquiry", "complaint", "order", "support"}
    assert Counter(row["channel"] for row in rows).most_common(1)[0][0] == "whatsapp"
    assert {row["channel"] for row in rows} == {"whatsapp", "email", "phone", "web"}


def test_the_greeting_fits_the_hour(data: DemoData) -> None:
    for row in data["customer_interactions"]:
        hour = row["interaction_date"].hour
        greeting = "Bom dia" if hour < 12 else "Boa tarde" if hour < 18 else "Boa noite"
        assert row["message"].startswith(f"{greeting}, ")
