"""A column's type becomes another kind: its values land in a new column with an alert until the declaration follows."""

import pyarrow as pa

from tests.etl.matrix.altering import alter, deploy, shaped
from tests.etl.matrix.pair import LONG, Pair
from tests.servers import wait_until


def test_values_land_beside_the_column_until_the_declaration_follows(pair: Pair) -> None:
    pair.run(
        "create table calm (id bigint primary key, n integer)", f"update things set note = {LONG % 1} where id = 1"
    )
    alter(pair, "alter table things alter n type text using 'no. ' || n")
    pair.run("update things set amount = 5 where id = 1", "insert into things (id, n) values (100, 'four')")
    assert pair.work is not None
    pair.work.caught_up()
    # What is known stays, what is new is beside it, and the table says so; all of it, once it was copied again.
    wait_until("it was copied", lambda: pair.query("select count(n__text) from raw.things") == [(21,)])
    assert pair.query("select n, n__text from raw.things where id in (1, 2, 100) order by id") == [
        (1, "no. 1"),
        (2, "no. 2"),
        (None, "four"),
    ]
    assert "n__text: the source changed the type" in pair.work.warehouse.degraded()["things"][0]
    assert pair.work.warehouse.letters() == []
    work = deploy(pair, shaped(n=pa.string()))
    pair.in_step()
    assert dict(work.warehouse.degraded()) == {}
    kept = pair.query("select n__was_integer, n__was_n__text from raw.things__log where _key in (1, 100) order by _key")
    assert {(1, None), (None, "four")} <= set(kept)
    pair.run("update things set n = 'again' where id = 2")
    pair.in_step()


def test_an_undeclared_change_survives_a_restart(pair: Pair) -> None:
    alter(pair, "alter table things alter n type text")
    pair.run("update things set amount = 5 where id = 1")
    pair.stop()
    work = pair.start()
    pair.run("update things set amount = 6 where id = 2")
    work.caught_up()
    wait_until("it was copied", lambda: pair.query("select count(n__text) from raw.things") == [(20,)])
    assert pair.query("select id, n, n__text from raw.things where id <= 2 order by id") == [(1, 1, "1"), (2, 2, "2")]
    assert "things" in work.warehouse.degraded()
