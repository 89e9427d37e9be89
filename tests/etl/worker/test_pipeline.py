"""A source joined to a warehouse: copied, streamed, and gone on with after every kind of interruption."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

from etl.changes import Batch
from etl.warehouses.interface import WarehouseUnavailable
from etl.worker import copying
from etl.worker.source import Source
from etl.worker.standing import Phase
from tests.etl.source_log import let_go
from tests.etl.worker.working import Work, forget, source_of, working
from tests.servers import wait_until

CATEGORY = "insert into categories (name) values (%s)"


def names(work: Work) -> list[str]:
    return [name for (name,) in work.rows("select name from raw.categories order by id")]


def test_what_was_there_is_copied_and_what_comes_is_streamed(migrated_database: str, tmp_path: Path) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute(CATEGORY, ["before"])
    with working(migrated_database, tmp_path / "w.duckdb") as work:
        assert names(work) == ["before"]
        work.execute(CATEGORY, ["after"])
        work.execute("update categories set name = 'later' where name = 'before'")
        work.caught_up()
        assert names(work) == ["later", "after"]


def test_a_worker_goes_on_where_the_last_one_stopped(migrated_database: str, tmp_path: Path) -> None:
    source = source_of(migrated_database)
    for turn in range(3):
        work = Work(source, tmp_path / "w.duckdb")
        work.execute(CATEGORY, [f"while away {turn}"])
        work.start()
        assert work.pipeline.standing.wait_until_streaming(30)
        work.execute(CATEGORY, [f"while there {turn}"])
        work.caught_up()
        assert len(names(work)) == 2 * (turn + 1)
        work.stop()
    assert work.pipeline.standing.losses == 0
    forget(source)


def in_turn(source: Source, path: Path) -> tuple[Work, Work]:
    """Return a worker that streams, and another one that stands by."""
    first, second = Work(source, path), Work(source, path)
    first.start()
    assert first.pipeline.standing.wait_until_streaming(30)
    second.start()
    wait_until("the second stands by", lambda: second.pipeline.standing.phase is Phase.STANDBY)
    return first, second


def streams(work: Work) -> bool:
    return work.pipeline.standing.phase is Phase.STREAMING


def terminate(work: Work, condition: str) -> None:
    work.execute(
        f"select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and {condition}"
    )


def test_a_lost_slot_is_told_and_all_tables_are_copied_again(source: Source, tmp_path: Path) -> None:
    first = Work(source, tmp_path / "w.duckdb")
    first.execute("insert into categories (name) values ('stays'), ('goes')")
    first.start()
    assert first.pipeline.standing.wait_until_streaming(30)
    first.stop()
    with psycopg.connect(source.url, autocommit=True) as connection:
        let_go(connection, source.slot)
        connection.execute("delete from categories where name = 'goes'")
        connection.execute(CATEGORY, ["comes"])
    second = Work(source, tmp_path / "w.duckdb")
    second.start()
    assert second.pipeline.standing.wait_until_streaming(30)
    assert second.pipeline.standing.losses == 1
    assert names(second) == ["stays", "comes"]
    second.execute(CATEGORY, ["streams"])
    second.caught_up()
    assert names(second) == ["stays", "comes", "streams"]
    second.stop()


def test_a_copy_that_is_cut_off_shows_nothing_and_begins_anew(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut() -> NoReturn:
        raise psycopg.OperationalError

    first = Work(source, tmp_path / "w.duckdb")
    first.execute("insert into categories (name) select 'c' || n from generate_series(1, 100) n")
    with monkeypatch.context() as patch:
        patch.setattr(copying, "Batch", _cutting(cut))
        with pytest.raises(psycopg.OperationalError):
            first.pipeline.copy(first.worker.stop)
    assert names(first) == []
    first.warehouse.close()
    second = Work(source, tmp_path / "w.duckdb")
    second.execute("delete from categories where id <= 90")
    second.start()
    assert second.pipeline.standing.wait_until_streaming(30)
    assert (len(names(second)), second.pipeline.standing.losses) == (10, 0)
    second.stop()


def test_a_cut_connection_is_made_again(source: Source, tmp_path: Path) -> None:
    work = Work(source, tmp_path / "w.duckdb")
    work.start()
    assert work.pipeline.standing.wait_until_streaming(30)
    for turn in range(2):
        terminate(
            work,
            f"backend_type = 'walsender' and pid = (select active_pid from pg_replication_slots"
            f" where slot_name = '{source.slot}')",
        )
        work.execute(CATEGORY, [f"turn {turn}"])
        work.caught_up()
    assert names(work) == ["turn 0", "turn 1"]
    work.stop()


def test_a_second_worker_stands_by_and_takes_over(source: Source, tmp_path: Path) -> None:
    first, second = in_turn(source, tmp_path / "w.duckdb")
    first.execute(CATEGORY, ["by the first"])
    first.caught_up()
    first.stop()
    second.execute(CATEGORY, ["by the second"])
    assert second.pipeline.standing.wait_until_streaming(30)
    second.caught_up()
    assert names(second) == ["by the first", "by the second"]
    assert second.pipeline.standing.losses == 0
    second.stop()


def test_a_worker_that_lost_its_turn_writes_no_more(source: Source, tmp_path: Path) -> None:
    first, second = in_turn(source, tmp_path / "w.duckdb")
    terminate(
        first,
        "application_name = 'gateway etl' and pid in (select pid from pg_locks where locktype = 'advisory'"
        " and granted)",
    )
    second.execute(CATEGORY, ["once"])
    wait_until("one of them streams", lambda: streams(first) != streams(second))
    second.execute(CATEGORY, ["more"])
    second.caught_up()
    assert names(second) == ["once", "more"]
    first.stop()
    second.stop()


def _cutting(cut: Callable[[], NoReturn]) -> Callable[..., Batch]:
    """Return what stands for a batch until the tenth, and raises then."""
    numbers = itertools.count(1)
    return lambda *given, **named: Batch(*given, **named) if next(numbers) < 10 else cut()


def test_a_warehouse_that_is_down_does_not_keep_the_source_from_forgetting(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Work(source, tmp_path / "w.duckdb", spill=tmp_path / "spill")
    first.start()
    assert first.pipeline.standing.wait_until_streaming(30)
    first.execute(CATEGORY, ["before"])
    first.caught_up()
    monkeypatch.setattr(first.warehouse, "append", _unavailable)
    first.execute(CATEGORY, ["while it is down"])
    wait_until("the change is kept here", lambda: first.pipeline.outlet.waiting_bytes > 0)
    confirmed = "select confirmed_flush_lsn > %s::pg_lsn from pg_replication_slots where slot_name = %s"
    with psycopg.connect(source.url, autocommit=True) as connection:
        position = first.warehouse.position() or 0
        asked = [f"{position >> 32:X}/{position + 1 & 0xFFFFFFFF:X}", source.slot]
        wait_until("the source may forget it", lambda: connection.execute(confirmed, asked).fetchone() == (True,))
    first.stop()

    second = Work(source, tmp_path / "w.duckdb", spill=tmp_path / "spill")
    assert names(second) == ["before"]
    second.start()
    assert second.pipeline.standing.wait_until_streaming(30)
    second.execute(CATEGORY, ["after"])
    wait_until("it is there", lambda: names(second) == ["before", "while it is down", "after"])
    wait_until("nothing waits any more", lambda: second.pipeline.outlet.waiting_bytes == 0)
    assert second.pipeline.standing.losses == 0
    second.stop()


def _unavailable(_: Batch) -> NoReturn:
    raise WarehouseUnavailable("switched off")
