"""The database's own fence: what it is made of, and that policy columns stay in step with what they copy."""

from collections.abc import Iterator

import psycopg
import pytest

from app.embedded import Stack
from schema.policies import check_statements
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
