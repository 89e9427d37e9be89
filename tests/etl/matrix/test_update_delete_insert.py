"""One row changed several times in a transaction: only the end counts, and every step is in the history."""

from tests.etl.matrix.pair import LONG, Pair


def test_updated_deleted_and_inserted_anew(pair: Pair) -> None:
    with pair.connection.transaction():
        pair.run("update things set n = 100 where id = 1", "delete from things where id = 1")
        pair.run("insert into things (id, n) values (1, 101)", "update things set n = 102 where id = 1")
    pair.in_step()
    steps = pair.query("select _op, n from raw.things__log where _key = 1 and _op <> 5 order by _commit_lsn, _seq")
    assert steps == [(2, 100), (3, None), (1, 101), (2, 102)]


def test_inserted_and_deleted_again(pair: Pair) -> None:
    with pair.connection.transaction():
        pair.run(f"insert into things (id, note) values (300, {LONG % 1})", "delete from things where id = 300")
    with pair.connection.transaction():
        pair.run("delete from things where id = 2", f"insert into things (id, note) values (2, {LONG % 2})")
        pair.run("update things set n = 5 where id = 2")
    pair.in_step()
