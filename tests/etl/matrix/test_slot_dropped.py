"""A slot that is gone is noticed and told, and the tables are copied again: never gone on with in silence."""

import pytest

from etl.sources.postgres_wal.slot import drop_slot, slot_state
from tests.etl.matrix.pair import LONG, Pair
from tests.servers import wait_until


def drop(pair: Pair) -> None:
    def is_free() -> bool:
        found = slot_state(pair.connection, pair.source.slot)
        return found is None or not found.is_active

    wait_until("the slot is let go", is_free)
    drop_slot(pair.connection, pair.source.slot)


def test_dropped_while_the_worker_is_away(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    pair.run(f"update things set note = {LONG % 1} where id <= 5")
    pair.in_step()
    pair.stop()
    drop(pair)
    pair.run(
        "delete from things where id = 1", "update things set n = 1000 where id = 2", "insert into things values (99)"
    )
    work = pair.start()
    assert work.pipeline.standing.losses == 1
    assert any("changes were lost" in record.message for record in caplog.records)
    pair.in_step()
    pair.run("update things set n = 1001 where id = 3")
    pair.in_step()
    deleted = pair.query("select _key from raw.things__log where _op = 3")
    assert deleted == [(1,)]


def test_dropped_while_the_worker_streams(pair: Pair) -> None:
    pair.run("update things set n = 5 where id = 1")
    pair.in_step()
    work = pair.work
    assert work is not None
    pair.run(
        f"select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{pair.source.slot}'",
    )
    drop(pair)
    pair.run("delete from things where id = 2")
    wait_until("the loss is told", lambda: work.pipeline.standing.losses)
    assert work.pipeline.standing.wait_until_streaming(30)
    pair.in_step()


def test_another_slot_of_the_same_name_is_not_taken_for_it(pair: Pair) -> None:
    pair.in_step()
    pair.stop()
    drop(pair)
    pair.run("delete from things where id = 1")
    pair.run(f"select pg_create_logical_replication_slot('{pair.source.slot}', 'pgoutput')")
    work = pair.start()
    assert work.pipeline.standing.losses == 1
    pair.in_step()
