"""The database's own catalogue: nothing that the serving role may read lies outside the row policies."""

import psycopg
import pytest

from app.diagnosis.fence import DEFINERS, gaps
from app.embedded import Stack
from app.migration import upgrade
from app.row_policies import edited
from tests.databases import database_name
from tests.graph import serving_url
from tests.model.world import GRAPH


def test_a_migrated_database_has_no_gap(stack: Stack, migrated_database: str) -> None:
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        assert gaps(connection) == []


def test_every_table_has_forced_policies_and_the_role_no_way_around_them(stack: Stack, migrated_database: str) -> None:
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        forced = connection.execute(
            "select relname from pg_class where relrowsecurity and relforcerowsecurity and relkind = 'r'"
        ).fetchall()
        assert {model.table.name for model in GRAPH} <= {name for (name,) in forced}
        role = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolreplication from pg_roles where rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False)


@pytest.mark.parametrize(
    ("statement", "gap"),
    [
        ("create table extra (id bigint); grant select on extra to public", "extra may be read without"),
        ("create table extra (id bigint); grant select (id) on extra to public", "extra may be read without"),
        (
            (
                "create table extra (id bigint); alter table extra enable row level security, force row level security;"
                " grant select on extra to public"
            ),
            "extra may be read without",
        ),
        ("alter table orders disable row level security", "orders may be read without"),
        ("alter table orders no force row level security", "orders may be read without"),
        (
            (
                "drop policy gateway_reader on orders; drop policy gateway_owner on orders;"
                " drop policy gateway_fence_select on orders"
            ),
            "orders may be read without",
        ),
        ("drop policy gateway_fence_select on orders", "orders has a row policy that shows every row"),
        ("alter policy gateway_fence_select on orders using (true)", "orders has a row policy that shows every row"),
        ("alter policy gateway_fence_select on orders to pg_monitor", "orders has a row policy that shows every row"),
        (
            "drop policy gateway_fence_select on orders; alter policy gateway_reader on orders using (id > 0)",
            "orders has no restrictive row policy",
        ),
        (
            "create view every as select * from orders; grant select on every to public",
            "every is a view with its owner",
        ),
        (
            "create materialized view every as select * from orders; grant select on every to public",
            "every is a materialized view",
        ),
        (
            "create function every() returns bigint language sql security definer as 'select count(*) from orders'",
            "every() runs with its owner's rights",
        ),
        (
            "alter policy gateway_fence_select on orders using (customer_id is not null)",
            "orders has row policies that `gateway migrate` did not put up",
        ),
        ("alter policy gateway_fence_update on orders using (id > 0)", "orders has row policies that"),
        ("drop policy gateway_fence_insert on products", "products has row policies that"),
        ("create policy gateway_more on orders for insert with check (true)", "orders has row policies that"),
        ("update gateway_state set value = value - 'standing'", "audit_log has row policies that"),
        ("grant insert on gateway_command to public", "gateway_command may be written"),
        ("grant update (key) on gateway_command to public", "gateway_command may be written"),
        (
            "create table part (id bigint) partition by range (id); grant select on part to public",
            "part may be read without",
        ),
    ],
)
def test_a_gap_is_named(stack: Stack, migrated_database: str, statement: str, gap: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as owner:
        owner.execute(statement.encode())
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        found = gaps(connection)
    assert found[0].startswith(gap)
    assert len(found) == (len(list(GRAPH)) if "gateway_state" in statement else 1)


def test_migrating_puts_up_anew_what_was_edited(stack: Stack, migrated_database: str) -> None:
    told: list[str] = []
    with psycopg.connect(migrated_database, autocommit=True) as owner:
        owner.execute("alter policy gateway_fence_select on orders using (customer_id is not null)")
        upgrade(migrated_database, report=told.append)
        upgrade(migrated_database, report=told.append)
        owner.execute(f"alter database {database_name(migrated_database)} set search_path = pg_temp, public".encode())
    assert told == ["row policies for the role gateway"]
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        assert gaps(connection) == []


def test_a_database_without_the_gateways_tables_has_no_policies_to_compare(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        assert edited(connection) == []


@pytest.mark.parametrize(
    "policy",
    [
        "create policy open on orders using (true)",
        "create policy open on orders for select to gateway using (id > 0)",
        "create policy narrow on orders as restrictive for select using (id > 0)",
        "create policy others on orders for select to pg_monitor using (id > 0)",
        "create policy written on orders for insert to gateway with check (id > 0)",
    ],
)
def test_policies_that_show_the_serving_role_no_more_are_no_gap(
    stack: Stack, migrated_database: str, policy: str
) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as owner:
        owner.execute(policy.encode())
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        assert gaps(connection) == []


def test_a_view_with_the_callers_rights_is_no_gap(stack: Stack, migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as owner:
        owner.execute("create view every with (security_invoker = true) as select * from orders")
        owner.execute("grant select on every to public")
    with psycopg.connect(serving_url(stack, migrated_database)) as connection:
        assert gaps(connection) == []


def test_definers_are_those_that_are_meant_to_be_and_fix_their_search_path(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        found = connection.execute(
            "select proname, proconfig::text, prorettype = 'trigger'::regtype from pg_proc"
            " where prosecdef and pronamespace = 'public'::regnamespace"
        ).fetchall()
    # Triggers nobody can call: they keep policy columns, whoever writes.
    assert {name for name, _, is_trigger in found if not is_trigger} == set(DEFINERS)
    assert all("search_path=" in config and "pg_temp" in config for _, config, _ in found)
