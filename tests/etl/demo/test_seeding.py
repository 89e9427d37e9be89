"""Seeding: how demo data gets into a database, and what is left alone there."""

import threading
from collections import defaultdict
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from etl.demo import COLUMNS, DemoPlan, SeedRefused, holds_data, rows, seed
from etl.state import demo_data, wait_for_turn
from tests.etl.demo.made import UNTIL

PLAN = DemoPlan.sized(200, until=UNTIL, products=100)


class Listener:
    """Keeps what a seed tells, and can fail at a table."""

    def __init__(self, fails_at: str | None = None) -> None:
        self.notes: list[str] = []
        self.steps: list[tuple[str, int, int]] = []
        self.waits = threading.Event()
        self._fails_at = fails_at

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.waits.set()

    def writing(self, table: str, done: int, orders: int) -> None:
        if table == self._fails_at:
            raise ConnectionAbortedError(table)
        self.steps.append((table, done, orders))


def counts(connection: psycopg.Connection) -> dict[str, int]:
    return {table: count(connection, table) for table in COLUMNS}


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def expected(plan: DemoPlan) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for table, part in rows(plan):
        found[table] += part
    return found


def written(connection: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    return connection.execute(
        sql.SQL("select {} from {} order by id").format(columns, sql.Identifier(table))
    ).fetchall()


def test_the_database_holds_the_very_rows_that_were_made(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        result = seed(connection, PLAN, Listener())
    made = expected(PLAN)
    assert (result.written, result.replaced) == (True, False)
    assert result.rows == {table: len(found) for table, found in made.items()}
    with psycopg.connect(migrated_database) as connection:
        for table in set(COLUMNS) - {"suppliers"}:
            assert written(connection, table) == made[table], table
        contacts = connection.execute("select contact_info ->> 'email', contact_info ->> 'phone' from suppliers")
        assert all(mail.endswith(".example") and phone.startswith("+55") for mail, phone in contacts)
        noted = demo_data(connection)
    assert noted is not None
    assert (noted["seed"], noted["orders"], noted["until"]) == (42, 200, "2026-11-23")


def test_new_rows_are_numbered_after_those_of_the_demo(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        result = seed(connection, PLAN, Listener())
        added = connection.execute("insert into categories (name) values ('Novidades') returning id").fetchone()
        assert added == (result.rows["categories"] + 1,)


def test_the_planner_knows_what_the_tables_hold(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        seed(connection, PLAN, Listener())
        known = connection.execute("select reltuples from pg_class where relname = 'orders'").fetchone()
    assert known == (200,)


def test_the_same_seed_again_does_nothing(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        first = seed(connection, PLAN, Listener())
        touched = connection.execute("select xmin from orders order by id").fetchall()
        listener = Listener()
        second = seed(connection, PLAN, listener)
        assert (second.written, second.rows) == (False, first.rows)
        assert listener.steps == []
        assert connection.execute("select xmin from orders order by id").fetchall() == touched


def test_another_seed_takes_the_place_only_when_told_so(migrated_database: str) -> None:
    other = DemoPlan.sized(150, until=UNTIL, seed=7, products=100)
    with psycopg.connect(migrated_database) as connection:
        first = seed(connection, PLAN, Listener())
        with pytest.raises(SeedRefused, match=r"other demo data \(200 orders until 2026-11-23, seed 42\).*--replace"):
            seed(connection, other, Listener())
        assert counts(connection) == first.rows
        listener = Listener()
        result = seed(connection, other, listener, replace=True)
        assert (result.written, result.replaced) == (True, True)
        assert listener.notes == ["removing the demo data"]
        assert counts(connection) == result.rows
        assert written(connection, "orders") == expected(other)["orders"]


@pytest.mark.parametrize("replace", [False, True])
def test_data_that_is_not_demo_data_is_never_touched(migrated_database: str, *, replace: bool) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute("insert into warehouses (id, name) values (4711, 'CD de verdade')")
        assert holds_data(connection)
        with pytest.raises(SeedRefused, match="not demo data"):
            seed(connection, PLAN, Listener(), replace=replace)
        assert connection.execute("select id, name from warehouses").fetchall() == [(4711, "CD de verdade")]
        assert sum(counts(connection).values()) == 1


def test_rows_added_to_the_demo_are_never_removed(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        first = seed(connection, PLAN, Listener())
        connection.execute("insert into warehouses (name) values ('CD de verdade')")
        with pytest.raises(SeedRefused, match="1 rows of warehouses were added"):
            seed(connection, DemoPlan.sized(10, until=UNTIL), Listener(), replace=True)
        assert counts(connection) == {**first.rows, "warehouses": first.rows["warehouses"] + 1}


@pytest.mark.parametrize("table", ["pricing", "order_items", "inventory"])
def test_a_seed_that_fails_leaves_nothing(migrated_database: str, table: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        with pytest.raises(ConnectionAbortedError):
            seed(connection, PLAN, Listener(fails_at=table))
        assert not holds_data(connection)
        assert demo_data(connection) is None
        assert seed(connection, PLAN, Listener()).written


def test_a_replacement_that_fails_leaves_what_was_there(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        first = seed(connection, PLAN, Listener())
        with pytest.raises(ConnectionAbortedError):
            seed(connection, DemoPlan.sized(10, until=UNTIL), Listener(fails_at="inventory"), replace=True)
        assert counts(connection) == first.rows
        assert demo_data(connection) is not None


def test_a_seed_waits_for_whoever_fills_the_tables(migrated_database: str) -> None:
    listener = Listener()
    with psycopg.connect(migrated_database) as other, psycopg.connect(migrated_database) as connection:
        with other.transaction():
            wait_for_turn(other, listener.note)
            seeding = threading.Thread(target=seed, args=(connection, PLAN, listener))
            seeding.start()
            assert listener.waits.wait(60)
            assert listener.steps == []
            other.execute("insert into gateway_state (key, value) values ('other', %s)", [Jsonb({})])
        seeding.join(60)
        assert listener.steps
        assert count(connection, "orders") == 200


def test_progress_counts_orders_up_to_all_of_them(migrated_database: str) -> None:
    listener = Listener()
    with psycopg.connect(migrated_database) as connection:
        seed(connection, PLAN, listener)
    assert [table for table, _, _ in listener.steps] == list(COLUMNS)
    assert [done for _, done, _ in listener.steps] == sorted(done for _, done, _ in listener.steps)
    assert listener.steps[-1] == ("inventory", 200, 200)
