"""Whether latency grows: an order by its id, and pages from first to last, of 100,000 and of 10,000,000 orders."""

import contextlib
import json
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql
from rich.table import Table

from app import migration
from app.postgres import connect
from bench.database import Measured
from bench.load import Load, load
from bench.peers import CONNECTIONS, gateway
from bench.servers import Running, running
from bench.workloads import DEEP, PAGE, STEP, Requests, body, global_id

SIZES: Final = (100_000, 10_000_000)
_CUSTOMERS: Final = 5_000
_POINT: Final = "query Point($id: ID!) { order(id: $id) { id orderDate status total customer { id name } } }"
_PAGE: Final = (
    "query Page($first: Int, $after: String, $last: Int) { orders(first: $first, after: $after, last: $last) {"
    " nodes { id orderDate status paymentStatus paymentMethod subtotal shippingCost total }"
    " pageInfo { startCursor endCursor hasNextPage } } }"
)
# Orders without lines, made by the database: 1.6 GB at the larger size. Checks of links would take most of the time
# and have nothing to find.
_FILL: Final = """
set session_replication_role = replica;
insert into customers (name, cnpj, region)
    select 'Farmácia ' || n, lpad(n::text, 14, '0'), (array['Norte', 'Nordeste', 'Sudeste', 'Sul'])[n % 4 + 1]
    from generate_series(1, {customers}) n;
insert into orders (customer_id, order_date, status, subtotal, tax, shipping_cost, total, payment_method,
        payment_status, created_at, updated_at)
    select n * 7919 % {customers} + 1, moment, 'delivered', 100, 10, 5, 115, 'pix', 'paid', moment, moment
    from (select n, timestamptz '2020-01-01' + n * interval '10 seconds' as moment
        from generate_series(1::bigint, {orders}) n) numbered;
"""

Report = Callable[[str], None]


def measure(database: Measured, seconds: int, rounds: int, report: Report) -> dict[str, Any]:
    """Return the latencies by size. The sizes take turns, so that what the machine does meanwhile falls on both."""
    with contextlib.ExitStack() as stack:
        asked: dict[int, tuple[Running, dict[str, Requests]]] = {}
        for size in SIZES:
            url = stack.enter_context(_sized(database, size, report))
            server = stack.enter_context(running(gateway(url, database.endpoints.redis_url, "admin")))
            asked[size] = server, _questions(server, size)
        found: dict[str, Any] = {str(size): {} for size in SIZES}
        for name in asked[SIZES[0]][1]:
            loads: dict[int, list[tuple[Load, Load]]] = {size: [] for size in SIZES}
            for _ in range(rounds):
                for size, (server, questions) in asked.items():
                    loads[size].append(_loads(server, questions[name], seconds))
            for size in SIZES:
                found[str(size)][name] = _medians(loads[size])
            report(f"measured {name}")
    return found


def table(result: dict[str, Any]) -> Table:
    """Return the result as a table."""
    shown = Table(title="Latency by size, p50 ms of one connection and of 16")
    shown.add_column("asked", no_wrap=True)
    for size in result:
        shown.add_column(f"{int(size):,} orders", justify="right")
    for name in next(iter(result.values())):
        shown.add_row(name, *(f"{one[name]['p50_ms']:.2f}, {one[name]['p50_ms_of_16']:.2f}" for one in result.values()))
    return shown


def _loads(server: Running, requests: Requests, seconds: int) -> tuple[Load, Load]:
    """Ask on one connection and on many."""
    server.ask(requests)
    load(server, requests, connections=CONNECTIONS, seconds=1)
    return (
        load(server, requests, connections=1, seconds=seconds),
        load(server, requests, connections=CONNECTIONS, seconds=seconds),
    )


def _medians(loads: Sequence[tuple[Load, Load]]) -> dict[str, float]:
    alone, together = zip(*loads, strict=True)
    return {
        "p50_ms": round(statistics.median(one.p50 for one in alone), 2),
        "p99_ms": round(statistics.median(one.p99 for one in alone), 2),
        "p50_ms_of_16": round(statistics.median(one.p50 for one in together), 2),
        "p99_ms_of_16": round(statistics.median(one.p99 for one in together), 2),
        "rps_of_16": round(statistics.median(one.rate for one in together), 1),
    }


def _questions(server: Running, size: int) -> dict[str, Requests]:
    def page(**variables: Any) -> Requests:
        return Requests("/graphql", [body(_PAGE, variables)])

    def info(**variables: Any) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(server.ask(page(**variables)))["data"]["orders"]["pageInfo"]
        return told

    deep = None
    for _ in range(DEEP // STEP):
        deep = info(first=STEP, after=deep)["endCursor"]
    ids = [global_id("Order", 1 + number * 7_919_317 % size) for number in range(1000)]
    return {
        "an order by its id": Requests("/graphql", [body(_POINT, {"id": one}) for one in ids]),
        "page 1": page(first=PAGE),
        "page 200": page(first=PAGE, after=deep),
        "the page before the last": page(first=PAGE, after=info(last=2 * PAGE)["startCursor"]),
    }


@contextmanager
def _sized(database: Measured, size: int, report: Report) -> Iterator[str]:
    """Give the serving role's URL of a database with so many orders, made for the time of the measurement."""
    name = f"bench_{size}"
    owner = database.endpoints.owner_url
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            _fill(_at(owner, name), size, report)
            yield _at(database.endpoints.database_url, name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _fill(url: str, size: int, report: Report) -> None:
    report(f"making {size:,} orders")
    migration.upgrade(url, report=lambda _: None)
    with connect(url) as connection:
        connection.execute(_FILL.format(customers=_CUSTOMERS, orders=size))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _at(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return f"{url.rpartition('/')[0]}/{name}"
