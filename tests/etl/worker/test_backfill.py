"""Copying a table again beside the stream: what is newer stays, what was lost comes back, and no other table waits."""

import threading
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from etl.changes import Batch, CopyAgain, TableShape
from etl.sources.commands import ask_for_copy
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.backfill import Backfill
from etl.worker.copying import Copied, Copier
from etl.worker.source import Source
from tests.etl.worker.working import SHAPES, Work, source_of, working
from tests.servers import wait_until

CATEGORIES = [shape for shape in SHAPES if shape.table == "categories"]


def content(work: Work) -> list[tuple[int, str]]:
    return [(key, name) for key, name in work.rows("select id, name from raw.categories order by id")]


def ask(work: Work, wanted: CopyAgain) -> None:
    """Ask through the log, as the command does, and wait for the copy."""
    with psycopg.connect(work.source.url, autocommit=True) as connection:
        ask_for_copy(connection, wanted)
    wait_until(
        "the copy is done", lambda: (wanted.id, "done") in {(one["id"], one["state"]) for one in work.backfill.told()}
    )
    # A copy is seen with the next batch.
    work.caught_up()


def damage(work: Work) -> None:
    """Change the warehouse behind the source's back: a row is missing, one is wrong, one is too much."""
    work.warehouse.compact("categories")
    cursor = work.warehouse.connection.cursor()
    cursor.execute("delete from raw.categories__base where id = 1")
    cursor.execute("update raw.categories__base set name = 'wrong' where id = 2")
    cursor.execute("insert into raw.categories__base (id, name) values (99, 'too much')")


def test_a_table_that_can_not_be_copied_keeps_no_other_waiting(
    migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Copier.copy_again

    def fail_for_one(self: Copier, shape: TableShape, wanted: CopyAgain) -> Copied:
        if shape.table == "customer_tiers":
            raise psycopg.errors.InsufficientPrivilege
        return copy(self, shape, wanted)

    monkeypatch.setattr(Copier, "copy_again", fail_for_one)
    shapes = [shape for shape in SHAPES if shape.table in {"categories", "customer_tiers"}]
    with working(migrated_database, tmp_path / "w.duckdb", shapes) as work:
        with psycopg.connect(work.source.url, autocommit=True) as connection:
            ask_for_copy(connection, CopyAgain("customer_tiers", "refused"))
        ask(work, CopyAgain("categories", "whole"))
        assert [told["state"] for told in work.backfill.told()] == ["copying", "done"]


def test_a_whole_table_is_made_right(migrated_database: str, tmp_path: Path) -> None:
    with working(migrated_database, tmp_path / "w.duckdb", CATEGORIES) as work:
        work.execute("insert into categories (name) values ('one'), ('two'), ('three')")
        work.caught_up()
        damage(work)
        assert content(work) == [(2, "wrong"), (3, "three"), (99, "too much")]
        ask(work, CopyAgain("categories", "whole"))
        assert content(work) == [(1, "one"), (2, "two"), (3, "three")]


def test_a_part_of_a_table_is_made_right_and_the_rest_left(migrated_database: str, tmp_path: Path) -> None:
    with working(migrated_database, tmp_path / "w.duckdb", CATEGORIES) as work:
        work.execute("insert into categories (name) values ('one'), ('two'), ('three')")
        work.caught_up()
        damage(work)
        ask(work, CopyAgain("categories", "part", 2, 3))
        assert content(work) == [(2, "two"), (3, "three"), (99, "too much")]


def test_copies_beside_a_writer_never_bring_back_what_is_older(migrated_database: str, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(migrated_database, autocommit=True) as connection:
            for turn in range(10**6):
                if stop.is_set():
                    return
                key = turn % 50 + 1
                connection.execute("update categories set name = %s where id = %s", [f"turn {turn}", key])
                connection.execute("delete from categories where id = %s", [(turn * 7) % 50 + 1])
                connection.execute(
                    "insert into categories (id, name) values (%s, %s) on conflict do nothing", [key, f"again {turn}"]
                )

    with working(migrated_database, tmp_path / "w.duckdb", CATEGORIES) as work:
        work.execute("insert into categories (id, name) select n, 'first' from generate_series(1, 50) n")
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for turn in range(4):
                ask(work, CopyAgain("categories", f"turn {turn}", *((None, None) if turn % 2 else (10, 40))))
        finally:
            stop.set()
            writer.join()
        work.caught_up()
        with psycopg.connect(migrated_database) as connection:
            expected = connection.execute("select id, name from categories order by id").fetchall()
        assert content(work) == expected
        work.warehouse.compact("categories")
        assert content(work) == expected


def test_a_new_entity_is_copied_alone_while_the_others_stream(source: Source, tmp_path: Path) -> None:
    first = Work(source, tmp_path / "w.duckdb", CATEGORIES)
    first.execute("insert into categories (name) values ('one')")
    first.execute("insert into warehouses (name, city, state) values ('Jundiaí', 'Jundiaí', 'SP')")
    first.start()
    assert first.pipeline.standing.wait_until_streaming(30)
    first.stop()
    second = Work(source, tmp_path / "w.duckdb", SHAPES)
    second.start()
    assert second.pipeline.standing.wait_until_streaming(30)
    second.execute("insert into warehouses (name, city, state) values ('Recife', 'Recife', 'PE')")
    wait_until("the new tables are copied", lambda: _is_done(second))
    second.caught_up()
    names = [name for (name,) in second.rows("select name from raw.warehouses order by id")]
    assert (names, second.pipeline.standing.losses) == (["Jundiaí", "Recife"], 0)
    assert "categories" not in {told["table"] for told in second.backfill.told()}
    second.stop()
    third = Work(source, tmp_path / "w.duckdb", SHAPES)
    third.start()
    assert third.pipeline.standing.wait_until_streaming(30)
    assert third.backfill.told() == []
    third.stop()


def test_a_copy_that_fails_is_begun_anew(
    migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.worker.duties._PAUSE_AFTER_FAULT", 0.1)
    with working(migrated_database, tmp_path / "w.duckdb", CATEGORIES) as work:
        work.execute("insert into categories (name) values ('one')")
        work.caught_up()
        damage(work)
        faults = iter([psycopg.OperationalError(), None])
        append = work.warehouse.append

        def failing(batch: Batch) -> None:
            if threading.current_thread().name == "backfill" and (fault := next(faults, None)):
                raise fault
            append(batch)

        monkeypatch.setattr(work.warehouse, "append", failing)
        ask(work, CopyAgain("categories", "again"))
        assert content(work) == [(1, "one")]


def test_a_copy_that_was_asked_for_outlives_the_worker(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> NoReturn:
        raise psycopg.OperationalError

    first = Work(source, tmp_path / "w.duckdb", CATEGORIES)
    first.execute("insert into categories (name) values ('one'), ('two')")
    first.start()
    assert first.pipeline.standing.wait_until_streaming(30)
    first.caught_up()
    damage(first)
    wanted = CopyAgain("categories", "asked", 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Copier, "copy_again", cut)
        with psycopg.connect(source.url, autocommit=True) as connection:
            ask_for_copy(connection, wanted)
        wait_until("the copy has begun", lambda: [one["state"] for one in first.backfill.told()] == ["copying"])
        first.stop()
    second = Work(source, tmp_path / "w.duckdb", CATEGORIES)
    assert list(second.warehouse.asked()) == [wanted]
    second.start()
    wait_until("the copy is done", lambda: [one["state"] for one in second.backfill.told()] == ["done"])
    second.caught_up()
    assert content(second) == [(1, "one"), (2, "two"), (99, "too much")]
    wait_until("the request is answered", lambda: not second.warehouse.asked())
    second.stop()


def test_a_request_stays_until_its_copy_can_be_read() -> None:
    made = DuckDBWarehouse(":memory:")
    made.prepare(CATEGORIES)
    backfill = Backfill(source_of(""), CATEGORIES, made, lambda: True)
    wanted = CopyAgain("categories", "asked")
    backfill._unseen.append((wanted, 8))
    for batch in (Batch(5, control=(wanted,)), Batch(8, is_partial=True), Batch(7)):
        made.append(batch)
        backfill.saw(batch)
        assert list(made.asked()) == [wanted]
    backfill.saw(Batch(8))
    assert list(made.asked()) == []


def test_a_lacking_table_is_copied_once_more_where_its_copy_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy may have been begun before what is lacking was there; one that waits is enough."""

    def copy(*_: object) -> Copied:
        for _turn in range(2):
            backfill.want_all(["categories"])
        return Copied({}, 1)

    made = DuckDBWarehouse(":memory:")
    made.prepare(CATEGORIES)
    backfill = Backfill(source_of(""), CATEGORIES, made, lambda: True)
    monkeypatch.setattr(Copier, "copy_again", copy)
    for _ in range(2):
        backfill.want_all(["categories"])
    assert [told["state"] for told in backfill.told()] == ["waiting"]
    backfill.run()
    assert [told["state"] for told in backfill.told()] == ["done", "waiting"]


def test_a_table_that_does_not_land_is_not_copied(migrated_database: str, tmp_path: Path) -> None:
    with working(migrated_database, tmp_path / "w.duckdb", CATEGORIES) as work:
        work.backfill.want(CopyAgain("gateway_state", "strange"))
        assert work.backfill.told() == []


def _is_done(work: Work) -> bool:
    told = work.backfill.told()
    return len(told) == len(SHAPES) - 1 and all(one["state"] == "done" for one in told)
