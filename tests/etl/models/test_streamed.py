"""From PostgreSQL through the worker into the star: revenue is the same to the cent, while orders are written too."""

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from etl.demo import DemoPlan
from etl.demo.seeding import seed
from etl.models.run import ModelRunner
from tests.etl.worker.working import Work, working

# Ids grow in the order of commits, because one writer writes: what a fact has is all up to its last order.
_SOURCE = """
select to_char(o.order_date at time zone 'America/Sao_Paulo', 'YYYY-MM'), sum(i.total)
from order_items i join orders o on o.id = i.order_id where o.id <= %s group by 1 order by 1
"""
_FACT = "select strftime(order_date, '%Y-%m'), sum(total_amount) from core.fact_orders group by 1 order by 1"
_ORDER = """
with made as (
  insert into orders (
    customer_id, order_date, status, subtotal, tax, shipping_cost, total, payment_method, payment_status
  )
  select customer_id, now() - interval '1 day' * %s, 'pending', subtotal, tax, shipping_cost, total, payment_method,
    payment_status from orders where id = 1 returning id
)
insert into order_items (order_id, product_id, quantity, unit_price, discount, tax, total)
select made.id, product_id, quantity, unit_price + 0.01, discount, tax, total + 0.01 * quantity
from made, order_items where order_id = 1
"""


class Silent:
    def note(self, text: str) -> None: ...

    def writing(self, table: str, done: int, orders: int) -> None: ...


@pytest.fixture
def work(migrated_database: str, tmp_path: Path) -> Iterator[Work]:
    with psycopg.connect(migrated_database) as connection:
        seed(connection, DemoPlan.sized(200, until=dt.datetime.now(dt.UTC).date()), Silent())
    with working(migrated_database, tmp_path / "w.duckdb") as made:
        yield made


def revenue_is_equal(work: Work) -> int:
    """Tell that the months are equal up to the fact's last order, and return its number."""
    ((last,),) = work.rows("select max(order_id) from core.fact_orders")
    with psycopg.connect(work.source.url) as connection:
        assert work.rows(_FACT) == connection.execute(_SOURCE, [last]).fetchall()
    return int(last)


def test_revenue_by_month_is_that_of_the_source_while_orders_are_written(work: Work, tmp_path: Path) -> None:
    runner = ModelRunner.on_duckdb(work.warehouse.connection, tmp_path / "models")
    assert runner.run().is_good
    assert revenue_is_equal(work) == 200
    stop, written = threading.Event(), [200]

    def write() -> None:
        with psycopg.connect(work.source.url, autocommit=True) as connection:
            while not stop.wait(0.02):
                connection.execute(_ORDER, [written[0] % 400])
                written[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert runner.run().is_good
    finally:
        stop.set()
        thread.join()
    revenue_is_equal(work)
    work.caught_up()
    assert runner.run().is_good
    assert revenue_is_equal(work) == written[0] > 205
