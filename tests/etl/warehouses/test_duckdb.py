"""The raw layer against a plain model: any changes, any cuts, any moment of compaction."""

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.changes import Batch, Changes, ColumnShape, DeadLetter, TableShape
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.interface import Fenced

SHAPE = TableShape(
    "things",
    tuple(ColumnShape(n, t, True, "") for n, t in (("id", pa.int64()), ("a", pa.int64()), ("b", pa.string()))),
)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
Row = tuple[int, int, int | None, int | None, int, int | None, str | None]


def batch(rows: list[Row], through: int) -> Batch:
    names = ("_commit_lsn", "_seq", "_op", "_key", "_old_key", "_unchanged", "a", "b")
    made = [{**dict(zip(names, row, strict=True)), "_committed_at": AT, "id": row[3]} for row in rows]
    records = pa.RecordBatch.from_pylist(made, SHAPE.records)
    return Batch(through, (Changes("things", records),) if rows else ())


def warehouse() -> DuckDBWarehouse:
    made = DuckDBWarehouse(":memory:")
    made.prepare([SHAPE])
    return made


def content(made: DuckDBWarehouse) -> dict[int, tuple[Any, Any]]:
    return {row["id"]: (row["a"], row["b"]) for row in made.read("things").to_pylist()}


STEP = st.tuples(
    st.sampled_from(["put", "touch", "move", "delete", "truncate"]), *[st.integers(0, 5)] * 2, st.booleans()
)


def change(model: dict[int, Any], what: str, key: int, other: int, lsn: int, seq: int) -> list[Row]:
    """Do one thing to the model, and return what the log says of it."""
    is_there = key in model
    if what == "put":
        model[key] = (seq, f"v{seq}")
        return [(lsn, seq, 2 if is_there else 1, key, None, 0, seq, f"v{seq}")]
    if what == "truncate":
        model.clear()
        return [(lsn, seq, 4, None, None, 0, None, None)]
    return change_existing(model, what, key, other, lsn, seq) if is_there else []


def change_existing(model: dict[int, Any], what: str, key: int, other: int, lsn: int, seq: int) -> list[Row]:
    if what == "touch":
        model[key] = (seq, model[key][1])
        return [(lsn, seq, 2, key, None, 4, seq, None)]
    gone: Row = (lsn, seq, 3, key, None, 0, None, None)
    value = model.pop(key)[1]
    if what == "delete":
        return [gone]
    if other in model:
        return [gone]
    model[other] = (seq, value)
    return [gone, (lsn, seq + 1, 1, other, key, 4, seq, None)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(STEP, st.integers(0, 3)), max_size=25))
def test_the_table_is_what_the_changes_say(steps: Any) -> None:
    made, model, lsn, rows = warehouse(), {}, 1, []
    shown: dict[int, tuple[Any, Any]] = {}
    for index, ((what, key, other, is_commit), cut) in enumerate(steps):
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


def test_a_transaction_is_invisible_before_its_end() -> None:
    made = warehouse()
    made.append(batch([(5, 1, 1, 1, None, 0, 1, "x")], 4))
    assert (content(made), made.position()) == ({}, 4)
    made.append(batch([(5, 2, 2, 1, None, 4, 2, None)], 5))
    assert (content(made), made.position()) == ({1: (2, "x")}, 5)


def test_dead_letters_come_with_the_checkpoint_and_once() -> None:
    made = warehouse()
    for _ in range(2):
        made.append(Batch(7, dead=(DeadLetter("things", 7, 1, 1, "a", "is no number", b"?"),)))
    assert made.connection.execute("select count(*) from raw.dead_letter").fetchone() == (1,)


def test_a_worker_that_was_replaced_can_not_write() -> None:
    made = warehouse()
    made.fence("first")
    made.connection.execute("update raw.checkpoint set owner = 'second'")
    with pytest.raises(Fenced):
        made.append(batch([(1, 1, 1, 1, None, 0, 1, "x")], 1))
    assert content(made) == {}


def test_what_was_appended_is_there_after_opening_again(tmp_path: Any) -> None:
    path = tmp_path / "w.duckdb"
    made = DuckDBWarehouse(path)
    made.prepare([SHAPE])
    made.append(batch([(1, 1, 1, 1, None, 0, 1, "x")], 1))
    made.append(batch([(3, 2, 1, 2, None, 0, 1, "lost")], 2))
    made.close()
    again = DuckDBWarehouse(path)
    wider = TableShape("things", (*SHAPE.columns, ColumnShape("c", pa.int64(), True, "")))
    again.prepare([wider])
    again.append(Batch(3))
    assert again.read("things").to_pylist() == [{"id": 1, "a": 1, "b": "x", "c": None}]
    assert again.position() == 3
    again.close()
