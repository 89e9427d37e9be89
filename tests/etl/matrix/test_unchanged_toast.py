"""A long value that an update leaves alone is not sent; the table has it all the same."""

from tests.etl.matrix.pair import LONG, Pair


def test_a_value_that_was_not_sent_stays(pair: Pair) -> None:
    pair.run(f"insert into things (id, n, note) values (101, 1, {LONG % 1}), (102, 1, {LONG % 2})")
    pair.run("update things set n = 2 where id = 101")
    pair.in_step()
    pair.run("update things set n = 3 where id in (101, 102)", f"update things set note = {LONG % 3} where id = 102")
    pair.run("update things set amount = 7 where id in (101, 102)")
    pair.in_step()
    assert pair.query("select count(*) from raw.things__log where _unchanged <> 0") == [(0,)]


def test_a_value_from_before_the_copy_a_restart_or_the_same_transaction_stays(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1} where id = 1")
    pair.in_step()
    pair.stop()
    pair.run("update things set n = 50 where id = 1")
    pair.start()
    with pair.connection.transaction():
        pair.run(f"update things set note = {LONG % 2} where id = 1", "update things set n = 51 where id = 1")
        pair.run(f"insert into things (id, note) values (200, {LONG % 3})", "update things set n = 52 where id = 200")
    pair.in_step()


def test_a_value_set_to_null_or_to_something_short_is_not_taken_for_an_unsent_one(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1}", "update things set n = n + 1")
    pair.run("update things set note = null where id = 1", "update things set note = '' where id = 2")
    pair.run("update things set n = n + 1")
    pair.in_step()
