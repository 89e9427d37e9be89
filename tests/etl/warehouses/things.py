"""A table of things, changes of it in few words, and a plain model of what they say."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from etl.changes import Batch, Changes, ColumnShape, DeadLetter, TableShape, copy_begins, copy_ends
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.interface import Warehouse

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
INSERT, UPDATE, DELETE, TRUNCATE, SNAPSHOT = 1, 2, 3, 4, 5
NAMES = ("_commit_lsn", "_seq", "_op", "_key", "_old_key", "_unchanged", "a", "b")
Row = tuple[int, int, int, int | None, int | None, int, int | None, str | None]
Model = dict[int, tuple[Any, Any]]
Step = tuple[tuple[str, int, int, bool], int]
"""What is done to the model, to which keys and whether that commits; and how what came so far is cut into batches."""


def steps(most: int) -> st.SearchStrategy[list[Step]]:
    """Return histories of at the most so many steps."""
    kinds, keys = st.sampled_from(["put", "touch", "move", "delete", "truncate"]), st.integers(0, 5)
    return st.lists(st.tuples(st.tuples(kinds, keys, keys, st.booleans()), st.integers(0, 3)), max_size=most)


def column(name: str, kind: pa.DataType, **more: Any) -> ColumnShape:
    return ColumnShape(name, kind, nullable=True, description="", **more)


SHAPE = TableShape("things", (column("id", pa.int64()), column("a", pa.int64()), column("b", pa.string())))
UNSENT_B = 4


def changes(rows: Iterable[Row], shape: TableShape = SHAPE) -> Changes:
    made = [{**dict(zip(NAMES, row, strict=True)), "_committed_at": AT, "id": row[3]} for row in rows]
    return Changes(shape.table, pa.RecordBatch.from_pylist(made, shape.records))


def batch(rows: Sequence[Row], through: int, dead: Sequence[DeadLetter] = (), **more: Any) -> Batch:
    return Batch(through, (changes(rows),) if rows else (), dead, **more)


def copy(rows: Model, lsn: int, through: int) -> Batch:
    """Return a whole copy as of an LSN, in two parts."""
    made = [(lsn, seq, SNAPSHOT, key, None, 0, *values) for seq, (key, values) in enumerate(sorted(rows.items()))]
    parts = [changes(part) for part in (made[:2], made[2:]) if part]
    return Batch(through, (copy_begins(SHAPE, lsn), *parts, copy_ends(SHAPE, lsn)))


def warehouse(path: Path | str = ":memory:", *shapes: TableShape) -> DuckDBWarehouse:
    made = DuckDBWarehouse(path)
    made.prepare(shapes or [SHAPE])
    return made


def content(made: Warehouse) -> Model:
    return {row["id"]: (row["a"], row["b"]) for row in made.read("things").to_pylist()}


def history(made: DuckDBWarehouse) -> list[tuple[Any, ...]]:
    query = "select _commit_lsn, _seq, _op, _key, a, b from raw.things__log order by _commit_lsn, _seq, _load_id"
    return made.connection.execute(query).fetchall()


def change(model: Model, what: str, key: int, other: int, lsn: int, seq: int) -> list[Row]:
    """Do one thing to the model, and return what the log says of it."""
    is_there = key in model
    if what == "put":
        model[key] = (seq, f"v{seq}")
        return [(lsn, seq, UPDATE if is_there else INSERT, key, None, 0, seq, f"v{seq}")]
    if what == "truncate":
        model.clear()
        return [(lsn, seq, TRUNCATE, None, None, 0, None, None)]
    return _change_existing(model, what, key, other, lsn, seq) if is_there else []


def _change_existing(model: Model, what: str, key: int, other: int, lsn: int, seq: int) -> list[Row]:
    if what == "touch":
        model[key] = (seq, model[key][1])
        return [(lsn, seq, UPDATE, key, None, UNSENT_B, seq, None)]
    gone: Row = (lsn, seq, DELETE, key, None, 0, None, None)
    value = model.pop(key)[1]
    if what == "delete" or other in model:
        return [gone]
    model[other] = (seq, value)
    return [gone, (lsn, seq + 1, INSERT, other, key, UNSENT_B, seq, None)]
