"""Whoever may count rows and not read them is told of many together, and of no pharmacy alone."""

from typing import Any

import pytest

from tests.graph import Asking
from tests.model.viewers import ADMIN, ANALYST, SALES, SALES_AND_ANALYST, rows_of
from tests.model.world import GRAPH, as_id
from tests.sample import SAMPLE

BY_PHARMACY = "{ ordersAggregate(groupBy: {customer: {field: ID}}, first: 200) { count key { customer { id } } } }"


def pharmacies(orders: list[dict[str, Any]]) -> set[str]:
    return {as_id(GRAPH["Customer"], {"id": row["customer_id"]}) for row in orders}


async def test_many_orders_of_one_pharmacy_are_no_group_of_many(ask_unguarded: Asking) -> None:
    everybody = await ask_unguarded(BY_PHARMACY, ADMIN.principal)
    assert max(group["count"] for group in everybody.data["ordersAggregate"]) > 5
    assert (await ask_unguarded(BY_PHARMACY, ANALYST.principal)).data["ordersAggregate"] == []


async def test_groups_are_told_from_the_fifth_pharmacy_on(ask_unguarded: Asking) -> None:
    document = "{ ordersAggregate(groupBy: {field: STATUS}) { key { status } count } }"
    owners = {
        status: len({row["customer_id"] for row in SAMPLE["orders"] if row["status"] == status})
        for status in ("pending", "delivered")
    }
    assert owners == {"pending": 5, "delivered": 4}
    told = (await ask_unguarded(document, ANALYST.principal)).data["ordersAggregate"]
    assert {"PENDING", "DELIVERED"} & {group["key"]["status"] for group in told} == {"PENDING"}


async def test_none_can_not_be_told_from_some(ask_unguarded: Asking) -> None:
    name = SAMPLE["customers"][0]["name"]
    for condition in (f'{{eq: "{name}"}}', '{eq: "no pharmacy of this name"}'):
        document = f"{{ customersAggregate(where: {{name: {condition}}}) {{ count }} }}"
        assert (await ask_unguarded(document, ANALYST.principal)).data["customersAggregate"] == []


@pytest.mark.parametrize(
    "where",
    [
        '{not: {id: {eq: "Q3VzdG9tZXI6MQ=="}}}',
        '{databaseId: {ne: "1"}}',
        '{orders: {some: {databaseId: {eq: "1"}}}}',
        "{interactions: {none: {id: {in: []}}}}",
    ],
)
async def test_nobody_is_counted_in_or_out_by_key(ask_unguarded: Asking, where: str) -> None:
    document = f"{{ customersAggregate(where: {where}) {{ count }} }}"
    assert (await ask_unguarded(document, ANALYST.principal)).refusal == "GRAPHQL_VALIDATION_FAILED"
    assert (await ask_unguarded(document, ADMIN.principal)).data


@pytest.mark.parametrize(
    "where", ['{customer: {not: {id: {eq: "%s"}}}}', '{not: {customer: {databaseId: {in: ["%s"]}}}}']
)
async def test_who_reads_some_rows_counts_no_other_out_by_key(ask_unguarded: Asking, where: str) -> None:
    """A region's salesperson who counts the orders of all regions learns nothing of one pharmacy of another."""
    told = "{ count sum { total } }"
    mixed, ordered = SALES_AND_ANALYST, {row["customer_id"] for row in SAMPLE["orders"]}
    whole = (await ask_unguarded(f"{{ ordersAggregate {told} }}", mixed.principal)).data
    for is_read in (True, False):
        pharmacy = next(
            row for row in SAMPLE["customers"] if row["id"] in ordered and mixed.sees.customers(row) is is_read
        )
        key = where % (pharmacy["id"] if "databaseId" in where else as_id(GRAPH["Customer"], pharmacy))
        others = (await ask_unguarded(f"{{ ordersAggregate(where: {key}) {told} }}", mixed.principal)).data
        assert (others != whole) is is_read


async def test_who_reads_some_rows_learns_nothing_sensitive_of_others(ask_unguarded: Asking) -> None:
    """Personal data that a role opens is that of its own rows, also where another role counts all of them."""
    mixed = SALES_AND_ANALYST
    document = "query($where: CustomerFilter) { customersAggregate(where: $where) { count } }"
    whole = (await ask_unguarded(document, mixed.principal)).data
    for is_read in (True, False):
        pharmacy = next(row for row in SAMPLE["customers"] if row["phone"] and mixed.sees.customers(row) is is_read)
        for condition in ({"phone": {"startsWith": pharmacy["phone"][:4]}}, {"creditLimit": {"isNull": True}}):
            chosen = {"and": [{"name": {"eq": pharmacy["name"]}}, {"city": {"eq": pharmacy["city"]}}, condition]}
            others = (await ask_unguarded(document, mixed.principal, {"where": {"not": chosen}})).data
            assert is_read or others == whole
            if "phone" in condition:
                assert (others != whole) is is_read


@pytest.mark.parametrize(
    "field",
    [
        "customersAggregate(groupBy: {field: EMAIL}) { count }",
        "customersAggregate { sum { creditLimit } }",
        "customersAggregate(orderBy: {field: MAX_CREDIT_LIMIT}) { count }",
        "ordersAggregate(groupBy: {customer: {field: CNPJ}}) { count }",
    ],
)
async def test_groups_of_rows_that_are_only_counted_tell_nothing_sensitive(ask_unguarded: Asking, field: str) -> None:
    assert (await ask_unguarded(f"{{ {field} }}", SALES_AND_ANALYST.principal)).refusal == "GRAPHQL_VALIDATION_FAILED"
    assert (await ask_unguarded(f"{{ {field} }}", SALES.principal)).data


async def test_what_may_be_read_is_told_of_whatever_its_size(ask_unguarded: Asking) -> None:
    """Roles add up: who counts all orders and reads those of a region is told of each pharmacy of that region."""
    told = (await ask_unguarded(BY_PHARMACY, SALES_AND_ANALYST.principal)).data["ordersAggregate"]
    assert {group["key"]["customer"]["id"] for group in told} == pharmacies(rows_of("orders", SALES.sees))


async def test_what_may_be_counted_may_not_be_read(ask_unguarded: Asking) -> None:
    """Who counts all stock sees no row of it in a group, and of prices, which may be read, each."""
    document = (
        "{ inventoryItemsAggregate(groupBy: {field: ID}) { count } pricesAggregate(groupBy: {field: ID}) { count } }"
    )
    told = (await ask_unguarded(document, ANALYST.principal)).data
    assert told["inventoryItemsAggregate"] == []
    assert len(told["pricesAggregate"]) == len(SAMPLE["pricing"])
