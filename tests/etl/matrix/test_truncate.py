"""TRUNCATE empties the table, and nothing that came before comes back."""

from tests.etl.matrix.pair import LONG, Pair


def test_what_was_there_goes_and_what_comes_stays(pair: Pair) -> None:
    pair.run("truncate things", "insert into things (id, n) values (1, 1), (500, 2)")
    pair.in_step()
    pair.run("truncate things")
    pair.in_step()


def test_within_a_transaction_between_other_changes(pair: Pair) -> None:
    with pair.connection.transaction():
        pair.run(f"update things set note = {LONG % 1}", "truncate things")
        pair.run("insert into things (id, n) values (2, 2)", "update things set n = 3 where id = 2")
    pair.in_step()


def test_one_that_was_rolled_back_took_nothing(pair: Pair) -> None:
    pair.run("begin", "truncate things", "rollback", "insert into things (id) values (700)")
    pair.in_step()
