"""A column is dropped at the source: what was known of it stays, and the other columns go on."""

from tests.etl.matrix.altering import alter, deploy, shaped
from tests.etl.matrix.pair import LONG, Pair


def test_the_others_go_on_and_its_values_stay(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1} where id = 1")
    alter(pair, "alter table things drop column amount")
    pair.run("update things set n = 70 where id <= 3", "insert into things (id, n) values (100, 1)")
    assert pair.work is not None
    pair.work.caught_up()
    assert pair.query("select n, amount is not null from raw.things where id in (1, 100) order by id") == [
        (70, True),
        (1, False),
    ]
    deploy(pair, shaped("amount"))
    pair.in_step()
    assert pair.query("select count(amount) from raw.things__base") == [(20,)]
