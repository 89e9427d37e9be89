"""Columns come, go, and get another name or type, and what was kept stays kept."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from etl.changes import Batch, Changes, ColumnShape, SchemaChange, TableShape
from etl.warehouses.duckdb.shaping import widens
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.warehouses.things import AT, INSERT, SHAPE, batch, column, copy, warehouse

ID, A, B = SHAPE.columns


def shape(*columns: ColumnShape) -> TableShape:
    return TableShape("things", (ID, *columns))


def filled() -> DuckDBWarehouse:
    made = warehouse()
    made.append(copy({1: (1, "x")}, 8, 8))
    made.append(batch([(9, 0, INSERT, 2, None, 0, 2, "y")], 9))
    return made


def rows(made: DuckDBWarehouse) -> list[dict[str, Any]]:
    return sorted(made.read("things").to_pylist(), key=lambda row: row["id"])


def test_a_renamed_column_keeps_its_values_and_is_copied_again() -> None:
    made = filled()
    made.compact("things")
    made.prepare([shape(A, column("text", pa.string(), formerly="b"))])
    assert rows(made) == [{"id": 1, "a": 1, "text": "x"}, {"id": 2, "a": 2, "text": "y"}]
    assert (dict(made.copied()), dict(made.degraded())) == ({}, {})
    made.prepare([shape(A, column("text", pa.string(), formerly="b"))])
    assert rows(made)[0]["text"] == "x"


def test_an_added_column_makes_the_table_one_to_be_copied_again() -> None:
    made = filled()
    assert "things" in made.copied()
    made.prepare([SHAPE])
    assert "things" in made.copied()
    made.prepare([shape(A, B, column("c", pa.int64()))])
    assert "things" not in made.copied()
    assert [row["c"] for row in rows(made)] == [None, None]


def test_a_dropped_column_is_not_shown_and_not_forgotten() -> None:
    made = filled()
    made.prepare([shape(A)])
    made.compact("things")
    assert rows(made) == [{"id": 1, "a": 1}, {"id": 2, "a": 2}]
    assert made.connection.execute("select b from raw.things__base order by id").fetchall() == [("x",), ("y",)]


def test_a_widened_column_keeps_its_values_and_needs_no_copy() -> None:
    made = filled()
    made.compact("things")
    made.prepare([shape(column("a", pa.decimal128(38, 2)), B)])
    assert [row["a"] for row in rows(made)] == [Decimal(1), Decimal(2)]
    assert ("things" in made.copied(), dict(made.degraded())) == (True, {})


def test_an_incompatible_type_begins_a_new_column_and_raises_an_alert_until_the_table_is_copied() -> None:
    made = filled()
    new = shape(A, column("b", pa.int32()))
    made.prepare([new])
    assert [row["b"] for row in rows(made)] == [None, None]
    assert made.connection.execute("select b__was_varchar from raw.things__log order by _key").fetchall() == [
        ("x",),
        ("y",),
    ]
    assert "copied" not in made.copied()
    (reason,) = made.degraded()["things"]
    assert reason == "b: its type changed from VARCHAR to INTEGER: earlier values are kept as b__was_varchar"
    sent = copy({}, 20, 20)
    meta = {"_op": 5, "_commit_lsn": 20, "_unchanged": 0, "_committed_at": AT}
    records = [{**meta, "_seq": i, "_key": i, "id": i, "a": i, "b": 7} for i in (1, 2)]
    part = Changes("things", pa.RecordBatch.from_pylist(records, new.records))
    made.append(Batch(20, (sent.changes[0], part, sent.changes[-1])))
    assert [row["b"] for row in rows(made)] == [7, 7]
    assert (dict(made.degraded()), "things" in made.copied()) == ({}, True)


def test_a_type_that_changes_there_and_back_keeps_both_pasts() -> None:
    made = filled()
    for kind in (pa.int32(), pa.string(), pa.int32()):
        made.prepare([shape(A, column("b", kind))])
    names = {row[0] for row in made.connection.execute("describe raw.things__log").fetchall()}
    assert {"b", "b__was_varchar", "b__was_integer", "b__was_varchar_"} <= names


def test_columns_that_come_undeclared_are_added_with_an_alert_and_stay() -> None:
    made = filled()
    wider = shape(A, B, column("a__text", pa.string()))
    meta = {"_op": 2, "_commit_lsn": 20, "_seq": 0, "_key": 1, "_unchanged": 2, "_committed_at": AT}
    row = {**meta, "id": 1, "b": "x", "a__text": "seven"}
    made.append(Batch(20, (Changes("things", pa.RecordBatch.from_pylist([row], wider.records)),)))
    assert rows(made)[0] == {"id": 1, "a": 1, "b": "x", "a__text": "seven"}
    assert made.degraded()["things"] == ["a__text: the source changed the type of a column: its values are here"]
    made.prepare([SHAPE])
    made.compact("things")
    made.append(batch([(30, 0, INSERT, 3, None, 0, 3, "z")], 30))
    assert [row["a__text"] for row in rows(made)] == ["seven", None, None]
    made.prepare([shape(column("a", pa.string()), B)])
    assert set(rows(made)[0]) == {"id", "a", "b"}


def test_a_shape_can_change_within_the_stream() -> None:
    made = filled()
    made.append(Batch(10, control=(SchemaChange(shape(A, B, column("c", pa.int64()))),)))
    assert set(rows(made)[0]) == {"id", "a", "b", "c"}


@pytest.mark.parametrize(
    ("earlier", "later", "does"),
    [
        ("INTEGER", "BIGINT", True),
        ("BIGINT", "INTEGER", False),
        ("BIGINT", "DECIMAL(38,2)", True),
        ("BIGINT", "DECIMAL(14,2)", False),
        ("DECIMAL(14,2)", "DECIMAL(16,4)", True),
        ("DECIMAL(14,2)", "DECIMAL(14,4)", False),
        ("DECIMAL(14,2)", "BIGINT", False),
        ("DATE", "TIMESTAMP WITH TIME ZONE", True),
        ("TIMESTAMP WITH TIME ZONE", "DATE", False),
        ("INTEGER", "VARCHAR", False),
    ],
)
def test_a_type_widens_another_if_it_holds_all_its_values(earlier: str, later: str, does: bool) -> None:
    assert widens(earlier, later) == does


def test_history_goes_when_it_is_old_and_in_the_base() -> None:
    made = filled()
    old = dt.datetime.now(dt.UTC) - AT
    assert made.prune(old - dt.timedelta(days=1)) == 0
    made.compact("things")
    made.append(batch([(10, 0, INSERT, 3, None, 0, 3, "not compacted")], 10))
    assert made.prune(old + dt.timedelta(days=1)) == 0
    assert made.prune(old - dt.timedelta(days=1)) == 2
    assert [row["id"] for row in rows(made)] == [1, 2, 3]
    assert made.connection.execute("select count(*) from raw.things__log").fetchone() == (1,)
