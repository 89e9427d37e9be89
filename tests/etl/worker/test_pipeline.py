"""A source joined to a warehouse: copied, streamed, and gone on with after every kind of interruption."""

from pathlib import Path

import psycopg

from tests.etl.worker.working import Work, forget, source_of, working

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
