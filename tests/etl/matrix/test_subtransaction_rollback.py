"""What a savepoint rolled back never comes; what is around it does."""

from tests.etl.matrix.pair import LONG, Pair


def test_only_what_was_rolled_back_is_missing(pair: Pair) -> None:
    with pair.connection.transaction():
        pair.run("insert into things (id, n) values (301, 1)")
        with pair.connection.transaction(force_rollback=True):
            pair.run("insert into things (id, n) values (302, 2)", f"update things set note = {LONG % 1}")
            with pair.connection.transaction():
                pair.run("truncate things")
        with pair.connection.transaction():
            pair.run("update things set n = 77 where id = 301")
        pair.run("insert into things (id, n) values (303, 3)")
    pair.in_step()
    assert pair.query("select id, n from raw.things where id > 300 order by id") == [(301, 77), (303, 3)]
    assert pair.query("select count(*) from raw.things__log where _key = 302 or _op = 4") == [(0,)]
