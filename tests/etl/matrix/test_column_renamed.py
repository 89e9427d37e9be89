"""A column is renamed: with `formerly` its values and its history go on under the new name."""

from dataclasses import replace

import pyarrow as pa

from etl.changes import ColumnShape
from tests.etl.matrix.altering import alter, deploy, shaped
from tests.etl.matrix.pair import LONG, Pair


def test_its_values_go_on_under_the_new_name(pair: Pair) -> None:
    pair.run(f"update things set note = {LONG % 1} where id = 1", f"update things set note = {LONG % 2} where id = 2")
    alter(pair, "alter table things rename note to remark")
    # Until it is declared, the column is unknown: it does not leave the source.
    pair.run("update things set n = 5 where id = 1", f"update things set remark = {LONG % 3} where id = 2")
    pair.run("insert into things (id, remark) values (100, 'new')")
    remark = ColumnShape("remark", pa.string(), True, "", formerly="note")
    shape = shaped("note")
    deploy(pair, replace(shape, columns=(*shape.columns, remark)))
    pair.in_step()
    pair.run("update things set n = 6", "update things set remark = 'short' where id = 1")
    pair.in_step()
    assert pair.query("select count(*) from raw.things__log where _key = 1 and length(remark) = 3200")[0][0] > 1
