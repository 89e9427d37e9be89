"""A database with large tables that explains each statement as it runs it, with the plan that it is served with."""

import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from psycopg import sql

from resolvers.database import Database, Planning, Snapshot, Texts
from security.principal import Principal

LARGE = {"customers", "products", "orders", "order_items", "customer_interactions", "pricing", "inventory"}
"""Tables that are large where the gateway serves, and here have some thousands of rows."""
MOST_READ = 1_000
"""Rows of one large table, which has at least 2,000, that a page of 20 rows and what is linked to them may read."""

ROWS = """
insert into customer_tiers (id, name) values (1, 'gold');
insert into categories (id, name) values (1, 'Medicines');
insert into suppliers (id, name, cnpj, type, status)
    select n, 'S' || n, n, 'manufacturer', 'active' from generate_series(1, 50) n;
insert into customers (id, name, cnpj, tier_id, region, status)
    select n, 'C' || n, n, 1, (array['Norte', 'Sul', 'Sudeste'])[1 + n % 3], 'active' from generate_series(1, 2000) n;
insert into products (id, sku, name, category_id, manufacturer_id, status)
    select n, 'K' || n, 'P' || n, 1, 1 + n % 50, 'active' from generate_series(1, 2000) n;
insert into pricing (product_id, customer_tier_id, price, effective_from)
    select n, 1, 10, timestamptz '2025-01-01' + m * interval '1 month'
    from generate_series(1, 2000) n, generate_series(1, 3) m;
insert into warehouses (id, name) select n, 'W' || n from generate_series(1, 3) n;
insert into inventory (product_id, warehouse_id, quantity_available)
    select n, m, 5 from generate_series(1, 2000) n, generate_series(1, 3) m;
insert into orders (id, customer_id, order_date, status, payment_status, subtotal, tax, shipping_cost, total)
    select n, 1 + (n * 7919) % 2000, now() - n * interval '1 hour',
        (array['pending', 'shipped', 'delivered'])[1 + n % 3], 'paid', n % 500, 0, 0, n % 500
    from generate_series(1, 20000) n;
insert into order_items (order_id, product_id, quantity, unit_price, discount, tax, total)
    select n, 1 + (n * 31 + m) % 2000, 1, 10, 0, 0, 10 from generate_series(1, 20000) n, generate_series(1, 3) m;
insert into customer_interactions (customer_id, interaction_date, channel, type)
    select 1 + n % 2000, now() - n * interval '1 hour', 'web', 'inquiry' from generate_series(1, 20000) n;
"""


Node = dict[str, Any]


class Explained(Database):
    """Runs each statement twice: explained, and as it is. A statement that is planned once is so here."""

    plans: list[Node]

    async def fetch(
        self, principal: Principal, planning: Planning, text: str, arguments: Sequence[Any]
    ) -> Sequence[Texts]:
        await self.explain(principal, planning, text, arguments)
        return await super().fetch(principal, planning, text, arguments)

    @contextlib.asynccontextmanager
    async def snapshot(self, principal: Principal) -> AsyncIterator[Snapshot]:
        snapshot = _ExplainedSnapshot(self, principal)
        try:
            yield snapshot
        finally:
            await snapshot.close()

    async def explain(self, principal: Principal, planning: Planning, text: str, arguments: Sequence[Any]) -> None:
        """Keep the plan of a statement."""
        connection = await self.acquire(())
        values = ", ".join(sql.Literal(argument).as_string() for argument in arguments)
        try:
            await connection.show((*principal.settings, *planning.settings))
            await connection.driver.execute(f"prepare explained as {text}")
            try:
                run = f"execute explained ({values})" if values else "execute explained"
                plan = await connection.driver.fetchval(f"explain (analyze, format json) {run}")
            finally:
                await connection.driver.execute("deallocate explained")
        finally:
            self.release(connection)
        self.plans.append(json.loads(plan)[0]["Plan"])


class _ExplainedSnapshot(Snapshot):
    """A transaction whose compiled statements are explained on a connection beside it."""

    def __init__(self, database: Explained, principal: Principal) -> None:
        super().__init__(database, principal)
        self._explaining = database

    async def fetch_texts(self, text: str, arguments: Sequence[Any]) -> Sequence[Texts]:
        await self._explaining.explain(self._principal, Planning.EACH_TIME, text, arguments)
        return await super().fetch_texts(text, arguments)


def nodes(node: Node) -> Iterator[Node]:
    """Yield the nodes of a plan."""
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


def scanned(plan: Node) -> set[str]:
    """Return the large tables that a plan reads from end to end."""
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"} & LARGE


def swept(plan: Node) -> set[str]:
    """Return the large tables that a plan reads from end to end, through an index or not, or a large part of."""
    return scanned(plan) | {table for table, rows in read(plan).items() if rows > MOST_READ}


def read(plan: Node) -> Counter[str]:
    """Return how many rows of each large table were looked at."""
    found: Counter[str] = Counter()
    for node in nodes(plan):
        if (table := node.get("Relation Name")) in LARGE:
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found[table] += round(rows * node["Actual Loops"])
    return found
