"""Bringing raw tables into a shape: columns come, get another name or type, and nothing that was kept is lost."""

import re
from dataclasses import replace
from typing import Final

import duckdb
import pyarrow as pa

from etl.changes import META, ColumnShape, TableShape
from etl.warehouses.duckdb.statements import Folded, first_row, table_of, view_of

PARTS: Final = ("log", "base", "pending", "copying")
"""The tables that a raw table consists of: its history, its content, and what is not to be seen yet."""

_WAS: Final = "__was_"
_DECIMAL: Final = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_DIGITS: Final = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}
_MOMENTS: Final = ("DATE", "TIMESTAMP WITH TIME ZONE")


def shape_table(cursor: duckdb.DuckDBPyConnection, shape: TableShape) -> TableShape:
    """Make or change a table and its view; return the shape with the columns that came without being declared."""
    cursor.execute(f"drop view if exists raw.{shape.table}")
    changed = [part for part in PARTS if _shape_part(cursor, shape, part)]
    if changed:
        cursor.execute("delete from raw.copy where table_name = ?", [shape.table])
    cursor.execute(
        "insert into raw.compaction select $1, 0, null where not exists (from raw.compaction where table_name = $1)",
        [shape.table],
    )
    whole = _with_undeclared(cursor, shape)
    cursor.execute(view_of(whole, compacted(cursor, shape.table)))
    return whole


def extended(shape: TableShape, records: pa.Schema) -> TableShape:
    """Return a shape with the columns that rows have beyond it.

    They stand beside a column whose type the source changed, `small__text` beside `small`, and are as personal as it.
    """
    own = [records.field(name) for name in records.names[len(META.names) :]]
    new = [_beside(shape, field.name, field.type) for field in own if field.name not in shape.names]
    return replace(shape, columns=(*shape.columns, *new))


def compacted(cursor: duckdb.DuckDBPyConnection, table: str) -> Folded:
    """Return what a table's base has."""
    found = first_row(cursor, "select load_id, adopted from raw.compaction where table_name = ?", [table])
    return Folded(*found) if found else Folded()


def kept_columns(cursor: duckdb.DuckDBPyConnection, table: str, part: str = "base") -> dict[str, str]:
    """Return the types of all columns of a part of a table by their names, also of those no longer in its shape."""
    return {row[0]: row[1] for row in cursor.execute(f"describe raw.{table}__{part}").fetchall()}


def raise_alert(cursor: duckdb.DuckDBPyConnection, table: str, column: str, reason: str) -> None:
    """Note that a table lacks something, until a copy that begins later is there; once for each column and reason."""
    said = [table, column, reason]
    cursor.execute("delete from raw.alert where table_name = ? and column_name = ? and reason = ?", said)
    cursor.execute("insert into raw.alert values (?, ?, ?, now())", said)


def _shape_part(cursor: duckdb.DuckDBPyConnection, shape: TableShape, part: str) -> bool:
    """Tell whether rows that are there lack something now."""
    meta = [] if part == "base" else [*META, pa.field("_load_id", pa.int64())]
    name = f"raw.{shape.table}__{part}"
    cursor.register("made_of", pa.schema([*meta, *shape.own]).empty_table())
    wanted = {row[0]: row[1] for row in cursor.execute("describe made_of").fetchall()}
    cursor.unregister("made_of")
    cursor.execute(table_of(name, wanted))
    is_changed = False
    for column in shape.columns:
        is_changed |= _rename(cursor, name, column, kept_columns(cursor, shape.table, part))
    there = kept_columns(cursor, shape.table, part)
    for column_name, kind in wanted.items():
        if column_name in there and there[column_name] != kind:
            is_changed |= _retype(cursor, shape.table, part, column_name, kind)
    there = kept_columns(cursor, shape.table, part)
    for column_name in [column_name for column_name in wanted if column_name not in there]:
        cursor.execute(f'alter table {name} add column "{column_name}" {wanted[column_name]}')
        is_changed = True
    return is_changed


def _rename(cursor: duckdb.DuckDBPyConnection, name: str, column: ColumnShape, there: dict[str, str]) -> bool:
    if column.formerly not in there or column.name in there:
        return False
    cursor.execute(f'alter table {name} rename column "{column.formerly}" to "{column.name}"')
    return True


def _retype(cursor: duckdb.DuckDBPyConnection, table: str, part: str, column: str, kind: str) -> bool:
    """Widen a column where every value fits the new type; else put it aside and begin anew."""
    there = kept_columns(cursor, table, part)
    name = f"raw.{table}__{part}"
    if widens(there[column], kind):
        cursor.execute(f'alter table {name} alter column "{column}" type {kind}')
        return False
    aside = f"{column}{_WAS}{_word(there[column])}"
    while aside in there:
        aside += "_"
    cursor.execute(f'alter table {name} rename column "{column}" to "{aside}"')
    for undeclared in [kept for kept in there if kept.startswith(f"{column}__") and _WAS not in kept]:
        cursor.execute(f'alter table {name} rename column "{undeclared}" to "{column}{_WAS}{undeclared}"')
    reason = f"its type changed from {there[column]} to {kind}: earlier values are kept as {aside}"
    raise_alert(cursor, table, column, reason)
    return True


def widens(earlier: str, later: str) -> bool:
    """Tell whether a type holds every value of another one exactly."""
    if earlier in _DIGITS and later in _DIGITS:
        return _DIGITS[earlier] <= _DIGITS[later]
    if (earlier, later) == _MOMENTS:
        return True
    before, after = _digits(earlier), _digits(later)
    return before is not None and after is not None and before[0] <= after[0] and before[1] <= after[1]


def _digits(kind: str) -> tuple[int, int] | None:
    """Return how many digits a number has before and behind the point; None for what is no decimal number."""
    if kind in _DIGITS:
        return _DIGITS[kind], 0
    found = _DECIMAL.fullmatch(kind)
    return (int(found[1]) - int(found[2]), int(found[2])) if found and found[0] else None


def _word(kind: str) -> str:
    return re.sub(r"\W+", "_", kind.lower()).strip("_")


def _with_undeclared(cursor: duckdb.DuckDBPyConnection, shape: TableShape) -> TableShape:
    """Return a shape with the columns that earlier rows brought beyond it."""
    schema = cursor.sql(f"from raw.{shape.table}__base limit 0").to_arrow_table().schema
    beside = [
        _beside(shape, field.name, field.type)
        for field in schema
        if field.name not in shape.names and _WAS not in field.name and _declared_beside(shape, field.name)
    ]
    return replace(shape, columns=(*shape.columns, *beside))


def _declared_beside(shape: TableShape, name: str) -> ColumnShape | None:
    """Return the declared column beside which an undeclared one stands."""
    return next((column for column in shape.columns if name.startswith(f"{column.name}__")), None)


def _beside(shape: TableShape, name: str, kind: pa.DataType) -> ColumnShape:
    declared = _declared_beside(shape, name)
    return ColumnShape(name, kind, nullable=True, description="", personal=declared is None or declared.personal)
