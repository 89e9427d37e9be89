"""What a publication loses, be it all, a table or a column, is not sent: what is missed meanwhile is copied again."""

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from etl.worker import copying, publishing
from tests.etl.matrix.pair import SHAPE, Pair
from tests.etl.sources.recording import shape_of
from tests.servers import wait_until


def test_dropped_while_the_worker_is_away(pair: Pair) -> None:
    pair.in_step()
    pair.stop()
    pair.run(
        f'drop publication "{pair.source.publication}"', "update things set n = -n", "delete from things where id = 1"
    )
    work = pair.start()
    wait_until("it has what was missed", lambda: pair.found() == pair.expected())
    pair.run("update things set n = 5 where id = 2")
    pair.in_step()
    assert work.pipeline.standing.losses <= 1


WITHOUT_A_COLUMN = "alter publication {} set table things (id, amount, at, day, note), gateway_command"


@pytest.mark.parametrize("taken", ["drop publication {}", "alter publication {} drop table things", WITHOUT_A_COLUMN])
def test_taken_away_while_the_worker_streams(pair: Pair, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    monkeypatch.setattr(publishing, "_EVERY", dt.timedelta(seconds=1))
    pair.in_step()
    pair.run(
        taken.format(f'"{pair.source.publication}"'), "update things set n = -n", "delete from things where id = 1"
    )
    wait_until("it has what was missed", lambda: pair.found() == pair.expected())
    pair.run("update things set n = 5 where id = 2")
    pair.in_step()


@pytest.mark.parametrize("why", ["it was lost before", "the warehouse has no whole copy"])
def test_taken_away_again_while_the_table_is_copied(pair: Pair, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    monkeypatch.setattr(publishing, "_EVERY", dt.timedelta(seconds=1))
    pieces, has_begun, go_on = copying._all_pieces, threading.Event(), threading.Event()

    def slow(connection: Any, *given: Any) -> Iterator[Any]:
        connection.execute("select from things")
        has_begun.set()
        assert go_on.wait(30)
        yield from pieces(connection, *given)

    pair.in_step()
    monkeypatch.setattr(copying, "_all_pieces", slow)
    drop = f'alter publication "{pair.source.publication}" drop table things'
    work = pair.work
    assert work is not None
    if why == "it was lost before":
        pair.run(drop, "update things set n = 100")
    else:
        work.warehouse.connection.cursor().execute("delete from raw.copy")
        work.backfill.want_all(["things"])
    assert has_begun.wait(30)
    pair.run(drop, "update things set n = 200")
    published = "select 1 from pg_publication_tables where pubname = %s and tablename = 'things'"
    wait_until("it is mended", lambda: pair.connection.execute(published, [pair.source.publication]).fetchone())
    go_on.set()
    wait_until("it has what was missed", lambda: pair.found() == pair.expected())
    pair.in_step()


def test_a_table_made_while_the_worker_streams_is_there_from_its_first_row(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_EVERY", dt.timedelta(seconds=1))
    pair.stop()
    pair.start(SHAPE, shape_of("others", id=pa.int64(), text=pa.string()))
    pair.run("create table others (id bigint primary key, text text)", "insert into others values (1, 'early')")
    wait_until("its first row is there", lambda: pair.found("others") == pair.expected("others"))
    pair.run("insert into others values (2, 'late')")
    pair.in_step("others")
