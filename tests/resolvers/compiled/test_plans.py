"""No usual operation reads a large table from end to end."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from app.embedded import Stack
from resolvers.database import Database, Planning, Texts
from resolvers.engine import Operation
from schema.global_id import global_id
from security.principal import Principal
from tests.databases import new_database
from tests.graph import new_engine, serving_url
from tests.model.viewers import ADMIN, CUSTOMER, SALES, Viewer

LARGE = {"customers", "products", "orders", "order_items", "customer_interactions"}

ROWS = """
insert into customer_tiers (id, name) values (1, 'gold');
insert into categories (id, name) values (1, 'Medicines');
insert into suppliers (id, name, cnpj, type, status)
    select n, 'S' || n, n, 'manufacturer', 'active' from generate_series(1, 50) n;
insert into customers (id, name, cnpj, tier_id, region, status)
    select n, 'C' || n, n, 1, (array['Norte', 'Sul', 'Sudeste'])[1 + n % 3], 'active' from generate_series(1, 2000) n;
insert into products (id, sku, name, category_id, manufacturer_id, status)
    select n, 'K' || n, 'P' || n, 1, 1 + n % 50, 'active' from generate_series(1, 2000) n;
insert into orders (id, customer_id, order_date, status, payment_status, subtotal, tax, shipping_cost, total)
    select n, 1 + (n * 7919) % 2000, now() - n * interval '1 hour', 'delivered', 'paid', 10, 0, 0, 10
    from generate_series(1, 20000) n;
insert into order_items (order_id, product_id, quantity, unit_price, discount, tax, total)
    select n, 1 + (n * 31 + m) % 2000, 1, 10, 0, 0, 10 from generate_series(1, 20000) n, generate_series(1, 3) m;
insert into customer_interactions (customer_id, interaction_date, channel, type)
    select 1 + n % 2000, now() - n * interval '1 hour', 'web', 'inquiry' from generate_series(1, 20000) n;
analyze;
"""

OPERATIONS = {
    "point": """query { order(id: "ORDER") { id status customer { name } items { nodes { product { name
        manufacturer { name } } } } } }""",
    "feed": """query { orders(orderBy: [{field: DATABASE_ID, direction: DESC}]) { nodes { id customer { name }
        items { nodes { quantity product { name manufacturer { name } } } } } pageInfo { hasNextPage endCursor } } }""",
    "latest": """query { orders(first: 20, orderBy: [{field: ORDER_DATE, direction: DESC}]) {
        nodes { id customer { name tier { name } } } } }""",
    "last": "query { orders(last: 30, orderBy: [{field: ORDER_DATE}]) { nodes { id } pageInfo { startCursor } } }",
    "contacts": """query { interactions(orderBy: [{field: INTERACTION_DATE, direction: DESC}]) {
        nodes { subject customer { name } } } }""",
    "nested": """query { customers(first: 100) { nodes { id orders(last: 5) { nodes { id items { nodes { id } } }
        pageInfo { hasPreviousPage } } } } }""",
    "one customer's": """query { customer(id: "CUSTOMER") { orders(first: 3) { totalCount nodes { id } } } }""",
}


class Explained(Database):
    """A database that explains each statement before it runs it."""

    plans: list[Any]

    async def fetch(
        self, principal: Principal, planning: Planning, sql: str, arguments: Sequence[Any]
    ) -> Sequence[Texts]:
        connection = await self.acquire(())
        try:
            await connection.show((*principal.settings, planning.value))
            plan = await connection.driver.fetchval(f"explain (format json) {sql}", *arguments)
        finally:
            self.release(connection)
        self.plans.append(json.loads(plan))
        return await super().fetch(principal, planning, sql, arguments)


@pytest.fixture(scope="module")
def url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with new_database(stack.endpoints.owner_url, migrated_template) as owner_url:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute(ROWS)
        yield serving_url(stack, owner_url)


@pytest_asyncio.fixture
async def database(url: str) -> AsyncIterator[Explained]:
    database = await Explained.open(url, max_size=2)
    database.plans = []
    yield database
    await database.close()


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER], ids=str)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_large_tables_are_read_through_an_index(database: Explained, name: str, viewer: Viewer) -> None:
    document = OPERATIONS[name].replace('ORDER"', f'{global_id("Order", 77)}"')
    document = document.replace('CUSTOMER"', f'{global_id("Customer", 77)}"')
    engine = new_engine(database, compiling=True)
    answer = await engine.execute(Operation(document), viewer.principal)
    if answer.status != 200:
        pytest.skip("not a field of this role")
    [[plan]] = database.plans
    assert not LARGE & set(scanned(plan["Plan"])), json.dumps(plan, indent=1)


async def test_a_page_is_planned_for_its_size(database: Explained) -> None:
    """Not for a tenth of the table, as PostgreSQL does where it does not know how many rows are asked for."""
    engine = new_engine(database, compiling=True)
    asked = Operation("query($first: Int!) { orders(first: $first) { nodes { id customer { name } } } }")
    for first, most in ((5, 8), (50, 64), (200, 512)):
        await engine.execute(replace(asked, variables={"first": first}), ADMIN.principal)
        plan = database.plans[-1][0]["Plan"]
        assert max(rows for kind, rows in nodes(plan) if kind == "Limit") == most


def nodes(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the kind of each node of a plan, and how many rows it is planned to give."""
    yield node["Node Type"], node["Plan Rows"]
    for part in node.get("Plans", ()):
        yield from nodes(part)


def scanned(node: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads from end to end."""
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for part in node.get("Plans", ()):
        yield from scanned(part)
