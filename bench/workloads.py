"""What is asked of every server: six requests that say the same to each in its own words."""

import base64
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bench.database import PRODUCTS

Variables = Mapping[str, Any]

PAGE: Final = 50
DEEP: Final = 200 * PAGE - PAGE
"""Rows before page 200."""
STEP: Final = 995
"""Rows of the pages by which a server's cursor of page 200 is found: 10 of them."""

_SHIPPED = {"since": "2026-01-01T00:00:00-03:00", "before": "2026-07-01T00:00:00-03:00"}


@dataclass(frozen=True)
class Goal:
    """The least ratios of requests a second that the gateway is to reach."""

    to_postgraphile: float
    to_handwritten: float


@dataclass(frozen=True)
class Workload:
    """A kind of request."""

    key: str
    title: str
    goal: Goal


WORKLOADS: Final = (
    Workload("point", "one product with its supplier and category", Goal(2.0, 0.80)),
    Workload("feed", "50 orders with items, products and suppliers", Goal(1.6, 0.90)),
    Workload("flat", "1,000 products of 8 fields", Goal(2.5, 0.90)),
    Workload("deep_page", "page 200 of orders, by cursor", Goal(2.0, 0.85)),
    Workload("aggregate", "revenue by month and region, filtered", Goal(1.0, 0.95)),
    Workload("nested", "100 customers with their last 5 orders and items", Goal(1.6, 0.90)),
)


@dataclass(frozen=True)
class Requests:
    """The requests of a workload to one server: bodies that are sent in turn to one address."""

    path: str
    bodies: Sequence[bytes]


@dataclass(frozen=True)
class Wording:
    """How a server is asked: its documents, the variables of each, and its ids."""

    documents: Mapping[str, str]
    aggregate: Variables
    product_id: Callable[[int], str]
    path: Callable[[str], str] = lambda _: "/graphql"

    def requests(self, key: str, cursor: str | None = None) -> Requests:
        """Return the requests of a workload; `cursor` is the server's own, of the page before a deep one."""
        variables = self._variables(key, cursor)
        return Requests(self.path(key), [body(self.documents[key], one) for one in variables])

    def step(self, cursor: str | None) -> Requests:
        """Return the request for a large page of orders, to walk to a deep one."""
        variables = {"first": STEP, "after": cursor}
        return Requests(self.path("deep_page"), [body(self.documents["deep_page"], variables)])

    def _variables(self, key: str, cursor: str | None) -> Sequence[Variables]:
        match key:
            case "point":
                chosen = random.Random(key).choices(range(1, PRODUCTS + 1), k=1000)  # noqa: S311  the same for all servers
                return [{"id": self.product_id(number)} for number in chosen]
            case "feed":
                return [{"first": PAGE}]
            case "flat":
                return [{"first": 1000}]
            case "deep_page":
                return [{"first": PAGE, "after": cursor}]
            case "aggregate":
                return [self.aggregate]
        return [{"first": 100, "orders": 5}]


def body(document: str, variables: Variables) -> bytes:
    """Return the body of a request."""
    return json.dumps({"query": document, "variables": variables}, separators=(",", ":")).encode()


def _one_line(document: str) -> str:
    return " ".join(document.split())


def global_id(entity: str, number: int) -> str:
    """Return an id as the gateway writes it."""
    return base64.b64encode(f"{entity}:{number}".encode()).decode()


def _node_id(number: int) -> str:
    return base64.b64encode(json.dumps(["Product", str(number)], separators=(",", ":")).encode()).decode()


GATEWAY: Final = Wording(
    {
        key: _one_line(document)
        for key, document in {
            "point": """
                query Point($id: ID!) { product(id: $id) {
                    id sku name dosage packageSize status manufacturer { id name } category { id name }
                } }""",
            "feed": """
                query Feed($first: Int!) {
                    orders(first: $first, orderBy: [{field: DATABASE_ID, direction: DESC}]) { nodes {
                        id orderDate status total
                        items { nodes { id quantity unitPrice total product { id name manufacturer { id name } } } }
                    } }
                }""",
            "flat": """
                query Flat($first: Int!) { products(first: $first) { nodes {
                    id sku name description activeIngredient dosage packageSize status
                } } }""",
            "deep_page": """
                query DeepPage($first: Int!, $after: String) { orders(first: $first, after: $after) {
                    nodes { id orderDate status paymentStatus paymentMethod subtotal shippingCost total }
                    pageInfo { hasNextPage endCursor }
                } }""",
            "aggregate": """
                query Revenue($where: OrderFilter!) {
                    ordersAggregate(
                        where: $where, groupBy: [{field: ORDER_DATE, by: MONTH}, {customer: {field: REGION}}]
                    ) { key { orderDate customer { region } } count sum { total } }
                }""",
            "nested": """
                query Nested($first: Int!, $orders: Int!) { customers(first: $first) { nodes {
                    id name city
                    orders(last: $orders) { nodes {
                        id orderDate status total items { nodes { id quantity unitPrice total } }
                    } }
                } } }""",
        }.items()
    },
    aggregate={
        "where": {
            "orderDate": {"gte": _SHIPPED["since"], "lt": _SHIPPED["before"]},
            "status": {"in": ["SHIPPED", "DELIVERED"]},
        }
    },
    product_id=partial(global_id, "Product"),
)

POSTGRAPHILE: Final = Wording(
    {
        key: _one_line(document)
        for key, document in {
            "point": """
                query Point($id: ID!) { product(id: $id) {
                    id sku name dosage packageSize status
                    manufacturer: supplierByManufacturerId { id name } category: categoryByCategoryId { id name }
                } }""",
            "feed": """
                query Feed($first: Int!) { orders: allOrders(first: $first, orderBy: [PRIMARY_KEY_DESC]) { nodes {
                    id orderDate status total
                    items: orderItemsByOrderId { nodes {
                        id quantity unitPrice total
                        product: productByProductId { id name manufacturer: supplierByManufacturerId { id name } }
                    } }
                } } }""",
            "flat": """
                query Flat($first: Int!) { products: allProducts(first: $first) { nodes {
                    id sku name description activeIngredient dosage packageSize status
                } } }""",
            "deep_page": """
                query DeepPage($first: Int!, $after: Cursor) { orders: allOrders(first: $first, after: $after) {
                    nodes { id orderDate status paymentStatus paymentMethod subtotal shippingCost total }
                    pageInfo { hasNextPage endCursor }
                } }""",
            "aggregate": """
                query Revenue($statuses: [String!]!, $since: Datetime!, $before: Datetime!) {
                    revenue: benchRevenue(statuses: $statuses, since: $since, before: $before) { nodes {
                        orderDate region orders revenue
                    } }
                }""",
            "nested": """
                query Nested($first: Int!, $orders: Int!) { customers: allCustomers(first: $first) { nodes {
                    id name city
                    orders: ordersByCustomerId(last: $orders) { nodes {
                        id orderDate status total
                        items: orderItemsByOrderId { nodes { id quantity unitPrice total } }
                    } }
                } } }""",
        }.items()
    },
    aggregate={"statuses": ["shipped", "delivered"], **_SHIPPED},
    product_id=_node_id,
)

HANDWRITTEN: Final = Wording(
    GATEWAY.documents, GATEWAY.aggregate, GATEWAY.product_id, path=lambda key: f"/{key.replace('_', '-')}"
)
