"""The raw layer against a plain model: any changes, any cuts, any moment of compaction."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings

from etl.changes import Batch, TableShape
from etl.warehouses.interface import Fenced
from tests.etl.warehouses.things import (
    INSERT,
    SHAPE,
    UNSENT_B,
    UPDATE,
    Model,
    Row,
    Step,
    batch,
    change,
    column,
    content,
    steps,
    warehouse,
)


@settings(max_examples=40, deadline=None)
@given(steps(25))
def test_the_table_is_what_the_changes_say(done: list[Step]) -> None:
    made, lsn = warehouse(), 1
    rows: list[Row] = []
    model: Model = {}
    shown: Model = {}
    for index, ((what, key, other, is_commit), cut) in enumerate(done):
        rows += change(model, what, key, other, lsn, index * 2)
        if is_commit:
            shown, lsn = dict(model), lsn + 1
        if cut:
            sent, rows = batch(rows, lsn - 1), []
            for _ in range(2 if cut == 2 else 1):
                made.append(sent)
            if cut == 3:
                made.compact("things")
            assert content(made) == shown
    made.append(batch(rows, lsn))
    assert content(made) == model
    made.close()


def test_a_failed_append_leaves_nothing_behind() -> None:
    made = warehouse()
    made.append(batch([(5, 1, INSERT, 1, None, 0, 1, "x")], 4))
    made.connection.execute("alter table raw.checkpoint rename to away")
    with pytest.raises(Exception, match="checkpoint"):
        made.append(batch([(5, 2, UPDATE, 1, None, UNSENT_B, 2, None)], 5))
    made.connection.execute("alter table raw.away rename to checkpoint")
    assert content(made) == {}
    made.append(batch([(5, 2, UPDATE, 1, None, UNSENT_B, 2, None)], 5))
    assert content(made) == {1: (2, "x")}


def test_a_worker_that_was_replaced_can_not_write() -> None:
    made = warehouse()
    made.fence("first")
    made.connection.execute("update raw.checkpoint set owner = 'second'")
    with pytest.raises(Fenced):
        made.append(batch([(1, 1, INSERT, 1, None, 0, 1, "x")], 1))
    assert content(made) == {}


def test_what_was_appended_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    made = warehouse(path)
    made.append(batch([(1, 1, INSERT, 1, None, 0, 1, "x")], 1))
    made.append(batch([(3, 2, INSERT, 2, None, 0, 1, "lost")], 2))
    made.close()
    again = warehouse(path, TableShape("things", (*SHAPE.columns, column("c", pa.int64()))))
    again.append(Batch(3))
    assert again.read("things").to_pylist() == [{"id": 1, "a": 1, "b": "x", "c": None}]
    assert again.position() == 3
    again.close()
