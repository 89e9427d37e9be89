"""Loading a folder that is as it should be."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from etl.files.faults import LoadRefused
from etl.files.load import load_folder
from etl.state import TABLES, demo_data, note_demo_data, wait_for_turn
from tests.etl.files.folders import FILES, Told, content, load, write
from tests.servers import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "data", FILES)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(statement.encode()).fetchall()


def test_every_file_is_loaded_rows_that_others_point_to_first(migrated_database: str, folder: Path) -> None:
    told = Told()
    loaded = load(migrated_database, folder, told=told)
    assert {(t.table, t.rows, t.inserted, t.unchanged, t.updated) for t in loaded.tables} == {
        (name.partition(".")[0], rows, rows, 0, 0) for name, rows in zip(FILES, (2, 2, 2, 1, 2, 2, 2, 2), strict=True)
    }
    order = [table.table for table in loaded.tables]
    assert order.index("customers") < order.index("orders") < order.index("order_items")
    assert not loaded.replaced_demo
    assert told.written == [*order, ""]
    assert all(reads[-1] == told.sizes[file] for file, reads in told.read.items())
    assert set(told.read) == set(FILES)


def test_cells_become_what_they_say(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    assert query(
        migrated_database, "select name, credit_limit, tier_id, email, created_at from customers order by id"
    ) == [
        ("Farmácia Boa", Decimal("1500.50"), 1, "compras@boa.example", datetime(2024, 1, 31, 15, tzinfo=UTC)),
        ("Drogaria Nova", None, None, None, datetime(2024, 2, 1, tzinfo=UTC)),
    ]
    assert query(migrated_database, "select notes from orders order by id") == [('first\nsecond, "quoted"\n',), (None,)]
    assert query(migrated_database, "select contact_info from suppliers") == [({"email": "a@b.example"},)]
    assert query(migrated_database, "select is_generic from products order by id") == [(True,), (False,)]
    assert query(migrated_database, "select id, parent_id from categories order by id") == [(1, None), (2, 1)]


def test_columns_that_are_not_in_the_file_take_their_defaults(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    assert query(migrated_database, "select distinct status, payment_status from orders") == [("pending", "pending")]
    assert query(migrated_database, "select count(*) from orders where created_at > now() - interval '1 hour'") == [
        (2,)
    ]
    assert query(migrated_database, "select distinct discount from order_items") == [(0,)]


def test_a_time_without_an_offset_is_utc_whatever_the_servers_zone(migrated_database: str, tmp_path: Path) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute(
            "do $$ begin execute format('alter database %I set timezone = %L', current_database(),"
            " 'America/Sao_Paulo'); end $$"
        )
    text = "id,name,cnpj,region,created_at\n1,A,1,Sul,2024-01-31 12:00\n2,B,2,Sul,2024-01-31\n"
    load(migrated_database, write(tmp_path / "data", {"customers.csv": text}))
    assert query(migrated_database, "select created_at from customers order by id") == [
        (datetime(2024, 1, 31, 12, tzinfo=UTC),),
        (datetime(2024, 1, 31, tzinfo=UTC),),
    ]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(migrated_database: str, tmp_path: Path) -> None:
    text = '\ufeffid,name\r\n1,"a\r\nb"\r\n\r\n2,c'
    load(migrated_database, write(tmp_path / "data", {"warehouses.csv": text}))
    assert query(migrated_database, "select id, name from warehouses order by id") == [(1, "a\r\nb"), (2, "c")]


def test_columns_come_in_any_order(migrated_database: str, tmp_path: Path) -> None:
    load(migrated_database, write(tmp_path / "data", {"warehouses.csv": "state,id,name\nSP,7,CD\n"}))
    assert query(migrated_database, "select id, name, city, state from warehouses") == [(7, "CD", None, "SP")]


def test_a_file_without_rows_is_a_table_without_rows(migrated_database: str, tmp_path: Path) -> None:
    (table,) = load(migrated_database, write(tmp_path / "data", {"warehouses.csv": "id,name\n"})).tables
    assert (table.rows, table.inserted) == (0, 0)


def test_other_files_are_left_alone_and_named(migrated_database: str, folder: Path) -> None:
    write(folder, {"README.md": "about", ".hidden.csv": "no"})
    (folder / "more.csv").mkdir()
    told = Told()
    load(migrated_database, folder, told=told)
    assert told.notes == ["not loaded, since no table is named so: README.md"]


def test_loading_twice_changes_nothing(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    before = content(migrated_database)
    versions = query(migrated_database, "select xmin::text from orders")
    again = load(migrated_database, folder)
    assert content(migrated_database) == before
    assert query(migrated_database, "select xmin::text from orders") == versions
    assert all((t.inserted, t.unchanged, t.updated) == (0, t.rows, 0) for t in again.tables)


def test_only_rows_that_are_new_are_added(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    write(folder, {"customer_tiers.csv": FILES["customer_tiers.csv"] + "3,platinum\n"})
    counts = {t.table: (t.inserted, t.unchanged, t.updated) for t in load(migrated_database, folder).tables}
    assert counts["customer_tiers"] == (1, 2, 0)


def test_a_row_that_is_there_with_other_content_is_refused(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    before = content(migrated_database)
    changed = FILES["customers.csv"].replace("compras@boa.example,Sul", "x@boa.example,Norte")
    write(folder, {"customers.csv": changed.replace("Nova", "Velha") + "3,Outra,3,,Sul,,,active,2024-01-01\n"})
    with pytest.raises(LoadRefused) as refused:
        load(migrated_database, folder)
    assert str(refused.value) == (
        "customers.csv, line 2: customers has the row 1 with another email, region, and 1 more rows of the file "
        "differ; load with --update to overwrite"
    )
    assert "x@boa" not in str(refused.value)
    assert content(migrated_database) == before


def test_update_overwrites_rows_that_are_there(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    write(folder, {"customers.csv": "id,name,cnpj,region\n1,Outro Nome,11222333000181,Sul\n"})
    counts = {
        t.table: (t.inserted, t.unchanged, t.updated) for t in load(migrated_database, folder, update=True).tables
    }
    assert counts["customers"] == (0, 0, 1)
    assert counts["orders"] == (0, 2, 0)
    # What the file does not name stays.
    assert query(migrated_database, "select name, email, credit_limit from customers order by id") == [
        ("Outro Nome", "compras@boa.example", Decimal("1500.50")),
        ("Drogaria Nova", None, None),
    ]


def test_new_rows_get_numbers_after_those_of_the_files(migrated_database: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"warehouses.csv": "id,name\n5,A\n41,B\n"})
    load(migrated_database, folder)
    assert query(migrated_database, "insert into warehouses (name) values ('C') returning id") == [(42,)]
    # A lower number in a later file does not take the database back.
    load(migrated_database, write(folder, {"warehouses.csv": "id,name\n6,D\n"}))
    assert query(migrated_database, "insert into warehouses (name) values ('E') returning id") == [(43,)]
    with psycopg.connect(migrated_database) as connection:
        connection.execute("delete from warehouses")
    load(migrated_database, folder)
    assert query(migrated_database, "insert into warehouses (name) values ('F') returning id") == [(44,)]


def test_the_first_number_of_an_untouched_table_is_not_given_twice(migrated_database: str, tmp_path: Path) -> None:
    load(migrated_database, write(tmp_path / "data", {"warehouses.csv": "id,name\n1,A\n"}))
    assert query(migrated_database, "insert into warehouses (name) values ('B') returning id") == [(2,)]


def test_demo_data_makes_room(migrated_database: str, folder: Path, tmp_path: Path) -> None:
    demo = {"warehouses.csv": "id,name\n1,Demo\n", "customer_tiers.csv": "id,name\n1,silver\n"}
    load(migrated_database, write(tmp_path / "demo", demo))
    with psycopg.connect(migrated_database) as connection:
        note_demo_data(connection, {"seed": 1})
    told = Told()
    assert load(migrated_database, folder, told=told).replaced_demo
    assert told.notes == ["removing the demo data"]
    held = content(migrated_database)
    assert held["warehouses"] == []
    assert held["customer_tiers"] == ["(1,bronze)", "(2,gold)"]
    assert held["state"] == ["policies"]
    assert not load(migrated_database, folder).replaced_demo


def test_demo_data_stays_when_the_load_is_refused(migrated_database: str, folder: Path, tmp_path: Path) -> None:
    load(migrated_database, write(tmp_path / "demo", {"warehouses.csv": "id,name\n1,Demo\n"}))
    with psycopg.connect(migrated_database) as connection:
        note_demo_data(connection, {"seed": 1})
    before = content(migrated_database)
    write(folder, {"order_items.csv.gz": FILES["order_items.csv.gz"].replace("2,2,2,", "2,77,2,")})
    with pytest.raises(LoadRefused, match="orders has no such row"):
        load(migrated_database, folder)
    assert content(migrated_database) == before
    with psycopg.connect(migrated_database) as connection:
        assert demo_data(connection) == {"seed": 1}


def test_the_planner_knows_what_was_loaded(migrated_database: str, folder: Path) -> None:
    load(migrated_database, folder)
    assert query(migrated_database, "select reltuples::int from pg_class where relname = 'orders'") == [(2,)]


def test_a_second_load_waits_for_the_first(migrated_database: str, folder: Path) -> None:
    told = Told()
    with psycopg.connect(migrated_database) as first:
        wait_for_turn(first, lambda _: None)
        second = threading.Thread(target=load, args=(migrated_database, folder), kwargs={"told": told})
        second.start()
        wait_until("the second load waits", lambda: told.notes)
        assert all(content(migrated_database)[table.name] == [] for table in TABLES)
    second.join()
    assert told.notes == ["another load or seed is filling this database: waiting for it"]
    assert len(content(migrated_database)["orders"]) == 2


def test_a_load_that_is_killed_leaves_nothing(migrated_database: str, folder: Path) -> None:
    class Interrupting(Told):
        def writing(self, table: str, done: int, count: int) -> None:
            if table == "order_items":
                raise KeyboardInterrupt

    before = content(migrated_database)
    with pytest.raises(KeyboardInterrupt):
        load(migrated_database, folder, told=Interrupting())
    assert content(migrated_database) == before


def test_a_short_limit_for_statements_does_not_end_a_load(migrated_database: str, folder: Path) -> None:
    class Slow(Told):
        def __init__(self, connection: psycopg.Connection) -> None:
            super().__init__()
            self._connection = connection

        def writing(self, table: str, done: int, count: int) -> None:
            self._connection.execute("select pg_sleep(0.4)" if done == 1 else "select")

    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute(
            "do $$ begin execute format('alter database %I set statement_timeout = 200', current_database()); end $$"
        )
    with psycopg.connect(migrated_database) as connection:
        load_folder(connection, folder, Slow(connection))
    assert len(content(migrated_database)["orders"]) == 2
