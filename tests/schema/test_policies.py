"""The database's own fence: what it is made of, and that policy columns stay in step with what they copy."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from app.embedded import Stack
from app.migration import upgrade
from schema.policies import check_statements
from tests.model.viewers import PHARMACY
from tests.model.world import GRAPH
from tests.sample import new_sample

UNFENCED = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
  and relname = any(%s) and not (relrowsecurity and relforcerowsecurity)
"""
DEFINERS = """
select proname from pg_proc
where pronamespace = 'public'::regnamespace and prosecdef and has_function_privilege('gateway', oid, 'execute')
order by proname
"""
RIGHTS = """
select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = 'gateway'
"""
WRITES = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
  and has_table_privilege('gateway', oid, 'insert, update, delete, truncate, references, trigger')
"""


@pytest.fixture
def own_database(stack: Stack, migrated_template: str) -> Iterator[psycopg.Connection]:
    with new_sample(stack, migrated_template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


def out_of_step(connection: psycopg.Connection) -> dict[str, int]:
    counts = {name: connection.execute(query).fetchone() for name, query in check_statements(GRAPH)}
    return {name: count[0] for name, count in counts.items() if count and count[0]}


def test_every_table_of_an_entity_is_fenced_for_its_owner_too(own_database: psycopg.Connection) -> None:
    tables = [model.table.name for model in GRAPH]
    assert own_database.execute(UNFENCED, [tables]).fetchall() == []


def test_nothing_else_opens_the_fence(own_database: psycopg.Connection) -> None:
    assert own_database.execute(DEFINERS).fetchall() == [("gateway_audit",), ("gateway_customer_tier",)]
    assert own_database.execute(RIGHTS).fetchone() == (False,)
    assert own_database.execute(WRITES).fetchall() == []


def test_policy_columns_are_filled_by_a_load(own_database: psycopg.Connection) -> None:
    assert len(dict(check_statements(GRAPH))) == 4
    assert out_of_step(own_database) == {}


@pytest.mark.parametrize(
    "change",
    [
        "update customers set region = 'Norte'",
        "update orders set customer_id = (select max(id) from customers)",
        "update order_items set order_id = (select max(id) from orders)",
        "update orders set policy_customer_region = 'forged'",
        "update order_items set policy_order_customer_id = 77, policy_order_customer_region = 'forged'",
        "update customer_interactions set customer_id = (select min(id) from customers), policy_customer_region = null",
    ],
)
def test_policy_columns_follow_what_they_copy(own_database: psycopg.Connection, change: str) -> None:
    own_database.execute(change)
    assert out_of_step(own_database) == {}


ORDER = f"""
insert into orders (id, customer_id, order_date, status, subtotal, tax, shipping_cost, total, payment_status)
values (900001, {PHARMACY}, now(), 'pending', 1, 0, 0, 1, 'pending')
"""
ITEM = """
insert into order_items (id, order_id, product_id, quantity, unit_price, discount, tax, total)
select 900001, min(id), (select min(id) from products), 1, 1, 0, 0, 1 from orders where customer_id
"""
OWNER = f"""
update orders set customer_id = {PHARMACY} where id = (select min(id) from orders where customer_id <> {PHARMACY})
"""
REGION = f"update customers set region = 'moved' where id = {PHARMACY}"
WRITTEN_AT_ONCE = {
    "an order and its pharmacy": (ORDER, REGION),
    "an order that comes to a pharmacy, and that": (OWNER, REGION),
    "a line and its order": (f"{ITEM} <> {PHARMACY}", OWNER),
    "a line and its order's pharmacy": (f"{ITEM} = {PHARMACY}", REGION),
}


@pytest.mark.parametrize("written", WRITTEN_AT_ONCE)
@pytest.mark.parametrize("is_parent_last", [True, False])
def test_a_row_that_is_written_while_its_parent_changes_is_in_step(
    own_database: psycopg.Connection, written: str, *, is_parent_last: bool
) -> None:
    """Neither sees what the other has not committed, so the second waits for the first."""
    first, second = WRITTEN_AT_ONCE[written] if is_parent_last else WRITTEN_AT_ONCE[written][::-1]
    with (
        psycopg.connect(own_database.info.dsn, password=own_database.info.password) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        other.execute(first.encode())
        waiting = pool.submit(own_database.execute, second.encode())
        time.sleep(0.3)
        other.commit()
        waiting.result(20)
    assert out_of_step(own_database) == {}


DRIFTED = """
alter table orders disable trigger user;
update orders set policy_customer_region = 'of before' where id % 2 = 0;
alter table orders enable trigger user;
alter table order_items disable trigger user;
update order_items set policy_order_customer_id = null, policy_order_customer_region = 'of before' where id % 3 = 0;
alter table order_items enable trigger user;
alter table customer_interactions disable trigger user;
update customer_interactions set policy_customer_region = null where id % 2 = 0;
alter table customer_interactions enable trigger user;
"""


def test_a_migration_puts_in_step_what_earlier_triggers_missed(own_database: psycopg.Connection) -> None:
    own_database.execute(DRIFTED)
    assert len(out_of_step(own_database)) == 4
    own_database.execute("update gateway_revision set version_num = '0005'")
    info = own_database.info
    upgrade(f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}", report=lambda _: None)
    assert out_of_step(own_database) == {}
