"""Checks of a table as a whole and of tables with each other: shape, rows, duplicates, references."""

from collections.abc import Iterator
from typing import Any, Final

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from etl.changes import table_shapes
from etl.quality.check import Check, Finding, Kind, failed, judged
from schema.entity import Entity

_TYPES: Final = {
    pa.int64(): "BIGINT",
    pa.int32(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.string(): "VARCHAR",
}


def check_shape(cursor: duckdb.DuckDBPyConnection, entity: type[Entity]) -> Finding:
    """Check that a raw table has the declared columns with their types; more columns are none of its business."""
    check = Check(Kind.SCHEMA, f"raw.{entity.__tablename__}")
    (shape,) = table_shapes([entity])
    there = {name: kind for name, kind, *_ in cursor.execute(f"describe raw.{shape.table}").fetchall()}
    wrong = [column.name for column in shape.columns if there.get(column.name) != _type_of(column.type)]
    detail = f"missing or of another type: {', '.join(wrong)}" if wrong else None
    return judged(check, len(shape.columns), len(wrong), detail)


def check_duplicates(cursor: duckdb.DuckDBPyConnection, entity: type[Entity]) -> Iterator[Finding]:
    """Check that no two rows have the same key, nor the same values where a constraint forbids it."""
    table = entity.__table__
    yield _duplicates(cursor, table.name, table.primary_key, nulls_differ=False)
    for constraint in _uniques(table):
        are_equal = constraint.dialect_options["postgresql"]["nulls_not_distinct"]
        yield _duplicates(cursor, table.name, constraint, nulls_differ=not are_equal)


def check_references(cursor: duckdb.DuckDBPyConnection, entity: type[Entity]) -> Iterator[Finding]:
    """Check that every link of the declaration leads to a row."""
    table = entity.__table__
    for column in table.columns:
        for key in column.foreign_keys:
            yield _dangling(cursor, table.name, column.name, key.column)


def relation_checks(entity: type[Entity]) -> Iterator[Check]:
    """Give the checks of duplicates and references of an entity."""
    table = entity.__table__
    yield _of_unique(table.name, table.primary_key)
    yield from (_of_unique(table.name, unique) for unique in _uniques(table))
    yield from (_of_link(table.name, column.name) for column in table.columns if column.foreign_keys)


def _uniques(table: sa.Table) -> Iterator[sa.UniqueConstraint]:
    return (constraint for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint))


def _of_unique(table: str, unique: sa.UniqueConstraint | sa.PrimaryKeyConstraint) -> Check:
    return Check(Kind.DUPLICATES, f"raw.{table}", "+".join(column.name for column in unique.columns))


def _of_link(table: str, column: str) -> Check:
    return Check(Kind.REFERENCES, f"raw.{table}", column)


def _type_of(kind: pa.DataType) -> str:
    """Return what DuckDB calls a type in which values land."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _TYPES[kind]


def _duplicates(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    unique: sa.UniqueConstraint | sa.PrimaryKeyConstraint,
    *,
    nulls_differ: bool,
) -> Finding:
    names = [column.name for column in unique.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    condition = " and ".join(f'"{name}" is not null' for name in names) if nulls_differ else "true"
    groups = f"select count(*) as times from raw.{table} where {condition} group by {columns}"
    return _counted(
        cursor,
        _of_unique(table, unique),
        f"select (select count(*) from raw.{table}), coalesce(sum(times - 1), 0) from ({groups}) where times > 1",
    )


def _dangling(cursor: duckdb.DuckDBPyConnection, table: str, column: str, to: sa.Column[Any]) -> Finding:
    return _counted(
        cursor,
        _of_link(table, column),
        f"""
        select count(*), count(*) filter (
          where "{column}" is not null and "{column}" not in (select "{to.name}" from raw.{to.table.name})
        ) from raw.{table}
        """,
    )


def _counted(cursor: duckdb.DuckDBPyConnection, check: Check, query: str) -> Finding:
    found = cursor.execute(query).fetchone()
    return judged(check, int(found[0]), int(found[1])) if found else failed(check, "the query gave no row")
