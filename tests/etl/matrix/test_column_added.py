"""A column is added with a default, which rows get without a change: the table is copied again, with no gap."""

import pyarrow as pa

from tests.etl.matrix.altering import alter, deploy, shaped
from tests.etl.matrix.pair import LONG, Pair
from tests.servers import wait_until


def test_rows_from_before_have_its_default(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1} where id = 1")
    alter(pair, "alter table things add column extra integer not null default 7")
    pair.run("update things set n = 5 where id = 2", "insert into things (id, extra) values (100, 8)")
    pair.in_step()
    deploy(pair, shaped(extra=pa.int32()))
    pair.in_step()
    assert pair.query("select extra, count(*) from raw.things group by 1 order by 1") == [(7, 20), (8, 1)]
    pair.run("update things set extra = 9 where id < 5", "insert into things (id) values (101)")
    pair.in_step()


def test_one_that_is_declared_before_the_source_has_it(pair: Pair) -> None:
    wider = shaped(extra=pa.int32())
    deploy(pair, wider)
    pair.run("insert into things (id, n) values (100, 1)", "update things set n = 9 where id = 1")
    assert pair.work is not None
    pair.work.caught_up()
    assert pair.query("select extra from raw.things where id in (1, 100)") == [(None,), (None,)]
    alter(pair, "alter table things add column extra integer not null default 7")
    pair.run("insert into things (id, extra) values (101, 8)")
    # The first row with the column tells the worker that the others have it, too.
    wait_until("the default has come", lambda: pair.query("select count(extra) from raw.things") == [(22,)])
    pair.in_step()


def test_one_that_came_while_the_worker_was_away(pair: Pair) -> None:
    wider = shaped(extra=pa.int32())
    deploy(pair, wider)
    pair.stop()
    alter(pair, "alter table things add column extra integer not null default 7")
    deploy(pair, wider)
    wait_until("the default has come", lambda: pair.query("select count(extra) from raw.things") == [(20,)])
    pair.in_step()


def test_a_table_that_is_added(pair: Pair) -> None:
    pair.run("create table more (id bigint primary key, n integer, late text)")
    pair.run("insert into more select n, n, 'before' from generate_series(1, 50) n")
    before = pair.shapes
    added = shaped()
    more = type(added)("more", (added.columns[0], added.columns[1]))
    deploy(pair, *before, more)
    pair.run(
        "insert into more values (100, 1)", "update more set n = -n where id < 10", "delete from more where id = 20"
    )
    pair.in_step("more")
    pair.in_step()
