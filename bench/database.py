"""The database that all servers are measured on: embedded as users have it, migrated, filled once and kept."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import psycopg

from app import migration
from app.embedded import Endpoints, inspect, open_stack
from app.postgres import connect
from bench.places import DATA
from etl.demo import DemoPlan, seed

# A fixed day, so that every run has the same rows.
PLAN = DemoPlan.sized(100_000, until=dt.date(2026, 11, 1), products=25_000)
ORDERS, ITEMS, PRODUCTS = 100_000, 300_000, 25_000

# PostGraphile groups nothing by itself. Its documentation's way is a function, which here is the plainest SQL.
_REVENUE = """
create schema if not exists bench;
drop function if exists bench.revenue;
drop type if exists bench.revenue_row;
create type bench.revenue_row as (order_date date, region text, orders int, revenue numeric);
create function bench.revenue(statuses text[], since timestamptz, before timestamptz)
returns setof bench.revenue_row language sql stable as $$
    select date_trunc('month', o.order_date at time zone 'America/Sao_Paulo')::date, c.region, count(*)::int,
        sum(o.total)
    from public.orders o left join public.customers c on c.id = o.customer_id
    where o.order_date >= since and o.order_date < before and o.status = any(statuses)
    group by 1, 2 order by 1, 2
$$;
grant usage on schema bench to gateway;
"""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """A database under measurement, and the process that all its others are children of."""

    endpoints: Endpoints
    pid: int

    def processes(self) -> list[psutil.Process]:
        """Return PostgreSQL's processes."""
        main = psutil.Process(self.pid)
        return [main, *main.children(recursive=True)]


@contextlib.contextmanager
def started(report: Report) -> Iterator[Measured]:
    """Run the embedded servers on the benchmark's own data folder."""
    with open_stack(DATA, owner="make bench", report=report) as stack:
        yield Measured(stack.endpoints, inspect(DATA).servers["postgres"].pid)


def fill(url: str, report: Report) -> None:
    """Bring the database to the rows of `PLAN`; nothing is written where it has them."""
    migration.upgrade(url, report=report)
    with connect(url) as connection:
        result = seed(connection, PLAN, _Told(report), replace=True)
        if result.written:
            report(f"filled in {result.seconds:.0f} s")
        connection.execute(_REVENUE)
        _check(connection)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _check(connection: psycopg.Connection) -> None:
    for table, least in (("orders", ORDERS), ("order_items", ITEMS), ("products", PRODUCTS)):
        found = connection.execute(f"select count(*) from {table}").fetchone()
        if found is None or found[0] < least:
            raise RuntimeError(f"{table} has {found} rows, and the benchmark needs {least:,}")


@dataclass(frozen=True)
class _Told:
    """Progress of a seed, without its steps."""

    report: Report

    def note(self, text: str) -> None:
        self.report(text)

    def writing(self, table: str, done: int, orders: int) -> None:
        """Say nothing: it takes a minute, once."""
