"""A changed key is a deletion and a row that carries what was not sent."""

from tests.etl.matrix.pair import LONG, Pair


def test_a_row_goes_on_under_another_key_with_its_long_values(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1} where id = 1")
    pair.in_step()
    pair.run("update things set id = 1001 where id = 1")
    pair.in_step()
    pair.run("update things set id = 1002, n = 7 where id = 1001", "update things set n = 8 where id = 1002")
    pair.in_step()


def test_keys_that_are_exchanged_in_a_transaction(pair: Pair) -> None:
    pair.run(*(f"update things set note = {LONG % number} where id = {number}" for number in (1, 2)))
    with pair.connection.transaction():
        pair.run("update things set id = -1 where id = 1", "update things set id = 1 where id = 2")
        pair.run("update things set id = 2 where id = -1")
    pair.in_step()


def test_all_keys_shifted_at_once(pair: Pair) -> None:
    pair.run("update things set id = id + 1000, n = 1", "insert into things (id, n) values (1, 99)")
    pair.in_step()
