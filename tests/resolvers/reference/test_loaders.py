"""The reference path asks the database once a level, however many rows a level has."""

from collections.abc import Sequence

import pytest

from tests.graph import Asking
from tests.model.viewers import ADMIN, SALES
from tests.model.world import GRAPH, as_id
from tests.sample import SAMPLE

FEED = """query($first: Int!) { orders(first: $first) { nodes {
    id
    items { nodes { quantity product { name manufacturer { name } } } }
} } }"""


def tables_of(statements: Sequence[str]) -> list[str]:
    """Return the table that each statement reads rows of: the last one that it names outside of conditions."""
    found = []
    for statement in statements:
        read = [table for table in SAMPLE if f"FROM {table}" in statement.split("WHERE", maxsplit=1)[0]]
        found.append(read[-1])
    return found


@pytest.mark.parametrize("first", [1, 5, 50])
async def test_a_feed_takes_a_statement_a_level(ask_reference: Asking, first: int) -> None:
    told = await ask_reference(FEED, variables={"first": first})
    orders = told.data["orders"]["nodes"]
    assert len(orders) == first
    assert tables_of(told.statements) == ["orders", "order_items", "products", "suppliers"]
    if first == 50:
        suppliers = [item["product"]["manufacturer"] for order in orders for item in order["items"]["nodes"]]
        assert len(suppliers) > 100
        assert None in suppliers


async def test_the_compiled_path_takes_one_for_all(ask_compiled: Asking, ask_reference: Asking) -> None:
    told = await ask_compiled(FEED, variables={"first": 50})
    assert len(told.statements) == 1
    assert told.data == (await ask_reference(FEED, variables={"first": 50})).data


@pytest.mark.parametrize(
    ("document", "tables"),
    [
        (
            "{ customers { nodes { orders { nodes { items { nodes { id } } } } } } }",
            ["customers", "orders", "order_items"],
        ),
        (
            "{ customers { totalCount nodes { orders { totalCount nodes { items { totalCount } } } } } }",
            ["customers", "customers", "orders", "orders", "order_items", "order_items"],
        ),
        (
            """{ orders { nodes { customer { name tier { name } }
                 interactions { nodes { customer { name tier { name } } } } } } }""",
            ["orders", "customers", "customer_interactions", "customer_tiers"],
        ),
        (
            "{ products { nodes { category { parent { parent { name } } } } } }",
            ["products", "categories"],
        ),
        (
            """{ orders(first: 9) { nodes {
                 a: items(first: 1) { nodes { id } } b: items(first: 1) { nodes { quantity } }
                 c: items(last: 1) { nodes { id } } d: items(first: 1, where: {quantity: {gt: 1}}) { nodes { id } }
            } } }""",
            ["orders", "order_items", "order_items", "order_items"],
        ),
        ("{ a: orders(first: 1) { nodes { id } } b: orders(first: 1) { nodes { id } } }", ["orders", "orders"]),
    ],
)
async def test_statements_of_an_operation(ask_reference: Asking, document: str, tables: list[str]) -> None:
    """Rows that another field has loaded are not loaded again."""
    told = await ask_reference(document)
    assert told.data
    assert sorted(tables_of(told.statements)) == sorted(tables)


async def test_rows_by_id_take_a_statement_an_entity(ask_reference: Asking) -> None:
    ids = [as_id(GRAPH["Order"], row) for row in SAMPLE["orders"]]
    ids += [as_id(GRAPH["Customer"], row) for row in SAMPLE["customers"]]
    fragments = "... on Order { total customer { name } } ... on Customer { name }"
    told = await ask_reference(
        f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id {fragments} }} }}", ADMIN.principal, {"ids": ids * 2}
    )
    assert [node["id"] for node in told.data["nodes"]] == ids * 2
    assert sorted(tables_of(told.statements)) == ["customers", "orders"]
    aliases = " ".join(f'a{place}: node(id: "{one}") {{ id }}' for place, one in enumerate(ids))
    aliases += " ".join(f' b{place}: order(id: "{one}") {{ total }}' for place, one in enumerate(ids[:60]))
    told = await ask_reference(f"{{ {aliases} }}", SALES.principal)
    assert sorted(tables_of(told.statements)) == ["customers", "orders"]


async def test_what_is_not_asked_for_is_not_counted(ask_reference: Asking) -> None:
    told = await ask_reference(
        "query($skip: Boolean!) { orders { totalCount @skip(if: $skip) } }", ADMIN.principal, {"skip": True}
    )
    assert told.data == {"orders": {}}
    assert len(told.statements) == 1


async def test_nothing_is_asked_of_the_database_without_need(ask: Asking) -> None:
    told = await ask("{ __typename __schema { queryType { name } } nodes(ids: []) { id } }")
    assert told.data == {"__typename": "Query", "__schema": {"queryType": {"name": "Query"}}, "nodes": []}
    assert told.statements == []
