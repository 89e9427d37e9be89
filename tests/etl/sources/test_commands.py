"""Commands and heartbeats, as they come out of the source's log."""

import datetime as dt
from collections.abc import Iterator

import psycopg
import pyarrow as pa
import pytest

from etl.changes import CopyAgain, Erase, Heartbeat
from etl.sources.commands import ask_for_copy, repeat_erasures
from etl.sources.postgres_wal.heartbeats import beat
from tests.etl.command_table import COMMAND_TABLE, ERASE
from tests.etl.sources.recording import Source, rows_of, shape_of, streaming

TEXTS = shape_of("texts", id=pa.int64(), text=pa.string())


@pytest.fixture
def source(empty_database: str) -> Iterator[Source]:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table texts (id bigint primary key, text text)")
        connection.execute(COMMAND_TABLE)
    with streaming(empty_database, TEXTS) as found:
        yield found


def test_commands_and_heartbeats_are_control(source: Source) -> None:
    beat(source.connection)
    source.connection.execute(ERASE, ["texts", 5])
    ask_for_copy(source.connection, CopyAgain("texts", "a request", 1, 9))
    (batch,) = source.batches()
    heartbeat, erase, copy = batch.control
    assert isinstance(heartbeat, Heartbeat)
    assert isinstance(erase, Erase)
    assert (erase.table, erase.key, copy) == ("texts", 5, CopyAgain("texts", "a request", 1, 9))
    assert batch.changes == []


def test_a_command_that_is_given_again_is_heard_again_and_one_that_is_taken_back_is_none(source: Source) -> None:
    source.connection.execute(ERASE, ["texts", 5])
    (first,) = source.batches()
    (given,) = first.control
    assert isinstance(given, Erase)
    repeat_erasures(source.connection)
    source.connection.execute("delete from gateway_command; truncate gateway_command")
    (batch,) = source.batches()
    again, copy = batch.control
    assert isinstance(again, Erase)
    assert (again.table, again.key, again.lsn > given.lsn) == ("texts", 5, True)
    # Erased is by now also what stands in the row instead: a copy brings it back.
    assert isinstance(copy, CopyAgain)
    assert (copy.table, copy.low, copy.high) == ("texts", None, None)


@pytest.mark.parametrize(
    "said",
    [
        *("nonsense", "[]", '{"at": 5}', '{"at": "0001-01-01T00:00:00+14:00"}', "{}"),
        pytest.param("[" * 200_000, id="deep"),
        pytest.param('{"at": "2026-01-01T00:00:00+00:00"' + " " * 10**6 + "}", id="long"),
    ],
)
def test_a_heartbeat_that_can_not_be_read_is_none(source: Source, said: str) -> None:
    source.connection.execute("select pg_logical_emit_message(true, 'cienty.heartbeat', %s)", [said])
    assert [one for batch in source.batches() for one in batch.control] == []


def test_a_heartbeat_says_nothing_of_the_future(source: Source) -> None:
    source.connection.execute(
        "select pg_logical_emit_message(true, 'cienty.heartbeat', '{\"at\": \"2999-01-01T00:00:00+00:00\"}')"
    )
    (batch,) = source.batches()
    (heartbeat,) = batch.control
    assert isinstance(heartbeat, Heartbeat)
    assert heartbeat.at <= dt.datetime.now(dt.UTC)


def test_a_command_within_a_transaction_is_true_with_its_commit(source: Source) -> None:
    with psycopg.connect(source.url) as slow:
        slow.execute(ERASE, ["texts", 5])
        source.connection.execute("insert into texts values (1)")
        begin = source.changes()[0]["_commit_lsn"]
        assert source.position >= begin
        slow.execute("insert into texts values (5)")
    (batch,) = source.batches()
    (row,) = rows_of(batch.changes)
    assert batch.control == [Erase("texts", 5, row["_commit_lsn"])]
