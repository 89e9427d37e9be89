"""Rules of writing, as policies of the database: on a role that may write, which the serving role is not yet."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from app.embedded import Stack
from security.principal import Actor, Principal
from security.roles import Role
from tests.graph import serving_url
from tests.model.viewers import ADMIN, CUSTOMER, CUSTOMERS, PHARMACY, SALES, VIEWERS, Viewer
from tests.sample import SAMPLE, new_sample

ORDERS = {row["id"]: row["customer_id"] for row in SAMPLE["orders"]}
OWN = next(order for order, customer in ORDERS.items() if customer == PHARMACY)
FOREIGN = next(order for order, customer in ORDERS.items() if customer != PHARMACY)
SOUTHERN = next(key for key, row in CUSTOMERS.items() if row["region"] == "Sul" and key != PHARMACY)
NORTHERN = next(key for key, row in CUSTOMERS.items() if row["region"] == "Norte")
OF_SOUTHERN = next(order for order, customer in ORDERS.items() if customer == SOUTHERN)

INSERT = (
    "insert into orders (id, customer_id, order_date, subtotal, tax, shipping_cost, total)"
    " values (9000, %s, now(), 1, 0, 0, 1)"
)
GIVE_AWAY = "update orders set customer_id = %s"
"""Without a condition: one would let the policy of reading look at the new row too."""


@pytest.fixture(scope="module")
def written(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The serving role's URL of a database in which it may write, as far as the policies let it."""
    with new_sample(stack, migrated_template) as url:
        with psycopg.connect(url) as owner:
            owner.execute("grant insert, update, delete on all tables in schema public to gateway")
            owner.execute("revoke all on audit_log from gateway")
        yield serving_url(stack, url)


@contextmanager
def writing(url: str, principal: Principal) -> Iterator[psycopg.Connection]:
    """Write on somebody's behalf; nothing stays."""
    with psycopg.connect(url) as connection:
        for name, value in principal.settings:
            connection.execute("select set_config(%s, %s, false)", [name, value])
        connection.commit()
        with connection.transaction(force_rollback=True):
            yield connection


def changed(connection: psycopg.Connection, statement: str, *values: object) -> int:
    return connection.execute(statement.encode(), values).rowcount


def may_write(viewer: Viewer) -> set[int]:
    """Return the orders that somebody may write: those that the role sees, where it writes any."""
    roles = viewer.principal.roles & {Role.ADMIN, Role.SALES, Role.CUSTOMER}
    if not roles or viewer.principal.scopes is not None:
        return set()
    return {order for order, customer in ORDERS.items() if viewer.sees.orders(CUSTOMERS[customer])}


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
@pytest.mark.parametrize(
    "statement", ["update orders set notes = 'changed' returning id", "delete from orders returning id"]
)
def test_whose_rows_can_be_changed(written: str, viewer: Viewer, statement: str) -> None:
    with writing(written, viewer.principal) as connection:
        connection.execute("set constraints all deferred")
        if statement.startswith("delete"):
            # What points to an order goes first, as far as it may.
            reachable = may_write(viewer) - {row["order_id"] for row in SAMPLE["customer_interactions"]}
            connection.execute("delete from order_items")
            statement = f"delete from orders where id = any('{{{','.join(map(str, _unlinked()))}}}') returning id"
            expected = reachable & _unlinked()
        else:
            expected = may_write(viewer)
        found = {row for (row,) in connection.execute(statement.encode()).fetchall()}
    assert found == expected


def _unlinked() -> set[int]:
    return set(ORDERS) - {row["order_id"] for row in SAMPLE["customer_interactions"]}


@pytest.mark.parametrize(
    ("viewer", "customer", "is_allowed"),
    [
        (ADMIN, NORTHERN, True),
        (SALES, SOUTHERN, True),
        (SALES, NORTHERN, False),
        (CUSTOMER, PHARMACY, True),
        (CUSTOMER, SOUTHERN, False),
    ],
    ids=str,
)
def test_whom_a_new_row_may_belong_to(written: str, viewer: Viewer, customer: int, is_allowed: bool) -> None:
    with writing(written, viewer.principal) as connection:
        if is_allowed:
            assert changed(connection, INSERT, customer) == 1
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                changed(connection, INSERT, customer)


@pytest.mark.parametrize(
    ("viewer", "order", "to"), [(CUSTOMER, OWN, SOUTHERN), (SALES, OF_SOUTHERN, NORTHERN)], ids=str
)
def test_nobody_gives_away_what_is_theirs(written: str, viewer: Viewer, order: int, to: int) -> None:
    with writing(written, viewer.principal) as connection:
        assert changed(connection, "update orders set notes = 'kept' where id = %s", order) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            changed(connection, GIVE_AWAY, to)


def test_nobody_takes_what_is_not_theirs(written: str) -> None:
    with writing(written, CUSTOMER.principal) as connection:
        assert changed(connection, "update orders set customer_id = %s where id = %s", PHARMACY, FOREIGN) == 0


def test_a_forged_policy_column_is_put_right_before_the_rule_looks(written: str) -> None:
    forged = "update orders set customer_id = %s, policy_customer_region = 'Sul' where id = %s"
    with writing(written, SALES.principal) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        changed(connection, forged, NORTHERN, OF_SOUTHERN)


def test_a_line_is_written_with_its_orders_rights(written: str) -> None:
    line = (
        "insert into order_items (id, order_id, product_id, quantity, unit_price, discount, tax, total)"
        " values (9000, %s, 1, 1, 1, 0, 0, 1)"
    )
    with writing(written, CUSTOMER.principal) as connection:
        assert changed(connection, line, OWN) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            changed(connection, line, FOREIGN)


def test_policy_columns_are_kept_for_a_writer_who_sees_no_parent(written: str) -> None:
    blind = Principal("somebody", frozenset({Role.AGENT}), frozenset({"orders:read", "orders:write"}))
    with writing(written, blind) as connection:
        assert connection.execute("select count(*) from customers").fetchone() == (0,)
        found = connection.execute(f"{INSERT} returning policy_customer_region".encode(), [SOUTHERN]).fetchone()
    assert found == ("Sul",)


@pytest.mark.parametrize(
    "principal",
    [
        Principal("somebody", frozenset({Role.SUPPORT})),
        Principal("somebody", frozenset({Role.ADMIN}), frozenset({"orders:read"})),
        Principal("somebody", frozenset({Role.ADMIN}), frozenset({"orders:read", "orders:write:aggregate"})),
        Principal("somebody", frozenset({Role.ADMIN}), frozenset({"orders:read", "orders:write:masked"})),
        Principal("somebody", frozenset({Role.ADMIN}), actor=Actor("agent", frozenset({Role.ANALYST}))),
        Principal("somebody", frozenset({Role.ADMIN})).restricted,
    ],
    ids=lambda principal: str(principal.capabilities.fingerprint)[:60],
)
def test_without_the_capability_nothing_is_written(written: str, principal: Principal) -> None:
    with writing(written, principal) as connection:
        assert changed(connection, "update orders set notes = 'changed'") == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            changed(connection, INSERT, SOUTHERN)


@pytest.mark.parametrize("table", sorted(set(SAMPLE) - {"orders", "order_items", "audit_log"}))
def test_without_a_rule_of_writing_nobody_writes(written: str, table: str) -> None:
    name = sql.Identifier(table)
    with writing(written, ADMIN.principal) as connection:
        assert connection.execute(sql.SQL("select count(*) from {}").format(name)).fetchone() != (0,)
        assert connection.execute(sql.SQL("update {} set id = id").format(name)).rowcount == 0
        assert connection.execute(sql.SQL("delete from {}").format(name)).rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(sql.SQL("insert into {0} select * from {0} limit 1").format(name))


def test_a_policy_that_somebody_adds_lets_nobody_write_more(stack: Stack, migrated_template: str) -> None:
    with new_sample(stack, migrated_template) as url:
        with psycopg.connect(url) as owner:
            owner.execute("grant insert, update, delete on orders, products to gateway")
            owner.execute("create policy added on orders using (true) with check (true)")
            owner.execute("create policy added on products using (true) with check (true)")
        with writing(serving_url(stack, url), CUSTOMER.principal) as connection:
            assert changed(connection, "update orders set notes = 'changed'") == len(may_write(CUSTOMER))
            assert changed(connection, "update products set name = 'changed'") == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                changed(connection, GIVE_AWAY, SOUTHERN)
        with writing(serving_url(stack, url), CUSTOMER.principal) as connection:
            assert changed(connection, "delete from orders where id = %s", FOREIGN) == 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                changed(connection, INSERT, SOUTHERN)


def test_these_tests_miss_a_check_that_is_gone(stack: Stack, migrated_template: str) -> None:
    with new_sample(stack, migrated_template) as url:
        with psycopg.connect(url) as owner:
            owner.execute("grant update on orders to gateway")
            owner.execute("alter policy gateway_fence_update on orders with check (true)")
        with writing(serving_url(stack, url), CUSTOMER.principal) as connection:
            assert changed(connection, GIVE_AWAY, SOUTHERN) == len(may_write(CUSTOMER))
