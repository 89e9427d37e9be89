"""What counts or sums up rows reads those that its filter selects; what must read a large table whole is named here."""

import datetime as dt

import pytest

from resolvers.engine import Operation
from schema.global_id import global_id
from tests.golden.test_operations import DOCUMENTS, FOLDER, variables_of, viewer_of
from tests.graph import new_engine
from tests.model.viewers import ADMIN, CUSTOMER, SALES, Viewer
from tests.resolvers.compiled.explained import Explained, Node, swept

VARIABLES: dict[str, object] = {
    "since": (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).isoformat(),
    "customer": global_id("Customer", 77),
    "product": global_id("Product", 77),
    "order": global_id("Order", 77),
    "orders": [global_id("Order", key) for key in (77, 78)],
}

SELECTIVE = {
    "total by a link": "($customer: ID!) { orders(where: {customer: {id: {eq: $customer}}}) { totalCount } }",
    "total by a unique field": '{ products(where: {sku: {eq: "K77"}}) { totalCount } }',
    "total by what some linked rows are": """($since: DateTime!) {
        customers(where: {orders: {some: {orderDate: {gte: $since}}}}) { totalCount } }""",
    "total of a link": "($customer: ID!) { customer(id: $customer) { orders { totalCount } } }",
    "totals of links": """{ customers(first: 20) { nodes {
        orders { totalCount nodes { id } } interactions { totalCount } } } }""",
    "groups by ids": "($orders: [ID!]!) { ordersAggregate(where: {id: {in: $orders}}) { count sum { total } } }",
    "groups by times": """($since: DateTime!) {
        ordersAggregate(where: {orderDate: {gte: $since}}) { count avg { total } } }""",
    "groups by a link": """($customer: ID!) { ordersAggregate(
        where: {customer: {id: {eq: $customer}}}, groupBy: {field: STATUS}) { key { status } count } }""",
    "groups by two links": """($order: ID!, $product: ID!) { orderItemsAggregate(
        where: {order: {id: {eq: $order}}, product: {id: {eq: $product}}}) { count sum { quantity } } }""",
    "groups by a link's times": """($since: DateTime!) { orderItemsAggregate(
        where: {order: {orderDate: {gte: $since}}}, groupBy: {product: {field: ID}}, first: 3
        ) { key { product { id } } count } }""",
    "groups by a link and times": """($customer: ID!, $since: DateTime!) { interactionsAggregate(
        where: {customer: {id: {eq: $customer}}, interactionDate: {gte: $since}}) { count } }""",
}

EVERYTHING = "{ orders { totalCount } ordersAggregate { count sum { total } } orderItems { totalCount } }"

WHOLE = {
    "best_customers": {
        "orders": "every order counts for the rank of a pharmacy",
        "customers": "every pharmacy has a group, if whoever asks may see it",
    },
    "filters": {
        "customers": "half of all orders are compared with a region, which is dearer row by row",
        "order_items": "`not` needs the orders that have such an item, which are found once for all orders",
        "products": "no index tells names by how they begin in any letter case",
    },
    "groups_of_many": {"orders": "every order is in a group"},
    "page_backward": {"customers": "no index has an order of two fields in two directions"},
    "page_forward": {"orders": "two orders of three are counted, and no index has them by total"},
    "revenue": {
        "orders": "nearly every order is summed up",
        "customers": "every order is in the group of a region",
    },
    "territory_rows": {"order_items": "items of two regions of three are counted"},
}
"""Golden operations that can't but read large tables from end to end, with the reason for each table."""


async def explained(database: Explained, document: str, viewer: Viewer, variables: dict[str, object]) -> list[Node]:
    """Return the plans of an operation."""
    answer = await new_engine(database, compiling=True).execute(Operation(document, None, variables), viewer.principal)
    assert answer.status == 200, answer.body
    assert database.plans
    return database.plans


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER], ids=str)
@pytest.mark.parametrize("name", SELECTIVE)
async def test_what_a_filter_selects_is_found_through_an_index(database: Explained, name: str, viewer: Viewer) -> None:
    for plan in await explained(database, f"query {SELECTIVE[name]}", viewer, VARIABLES):
        assert not swept(plan)


async def test_all_that_a_pharmacy_has_is_found_through_an_index(database: Explained) -> None:
    """The row rule selects."""
    plans = await explained(database, EVERYTHING, CUSTOMER, {})
    assert [swept(plan) for plan in plans] == [set()] * 3


async def test_all_rows_are_read_where_all_are_counted(database: Explained) -> None:
    plans = await explained(database, EVERYTHING, ADMIN, {})
    assert [swept(plan) for plan in plans] == [{"orders"}, {"orders"}, {"order_items"}]


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_golden_operations_read_no_other_large_table_whole(database: Explained, name: str) -> None:
    document = DOCUMENTS[name]
    plans = await explained(database, document, viewer_of(document), variables_of(FOLDER / f"{name}.graphql"))
    assert {table for plan in plans for table in swept(plan)} == set(WHOLE.get(name, ()))


def test_what_reads_a_table_whole_is_a_golden_operation() -> None:
    assert set(WHOLE) <= set(DOCUMENTS)
