"""Checks of single rows, derived from the declarations and the ranges: one scan a table answers all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlalchemy as sa

from etl.quality.check import Check, Finding, Kind, Severity, judged
from etl.quality.ranges import RANGES, Range
from schema.entity import Entity, Word


@dataclass(frozen=True)
class RowCheck:
    """A check that is a condition on each row: `violates` is true of a row that breaks it."""

    check: Check
    violates: str


def row_checks(entity: type[Entity]) -> Sequence[RowCheck]:
    """Return the checks of an entity's rows: not null, accepted values, ranges."""
    table = entity.__table__
    columns = [column for column in table.columns if "policy" not in column.info]
    return [
        *(check for column in columns for check in _of_column(table.name, column)),
        *(_of_range(one) for one in RANGES if one.table == table.name),
    ]


def check_rows(cursor: duckdb.DuckDBPyConnection, entity: type[Entity]) -> list[Finding]:
    """Check the rows of an entity's raw table."""
    checks = row_checks(entity)
    counts = ", ".join(f"count(*) filter (where {one.violates})" for one in checks)
    found = cursor.execute(f"select count(*), {counts} from raw.{entity.__tablename__}").fetchone() or (0,)
    total = int(found[0])
    return [judged(one.check, total, int(broken)) for one, broken in zip(checks, found[1:], strict=True)]


def _of_column(table: str, column: sa.Column[Any]) -> Iterator[RowCheck]:
    name = f'"{column.name}"'
    if not column.nullable:
        yield RowCheck(Check(Kind.NOT_NULL, f"raw.{table}", column.name), f"{name} is null")
    words: type[Word] | None = column.info.get("words")
    if words is not None:
        accepted = ", ".join(f"'{word.value}'" for word in words)
        yield RowCheck(Check(Kind.ACCEPTED, f"raw.{table}", column.name), f"{name} not in ({accepted})")


def _of_range(one: Range) -> RowCheck:
    severity = Severity.WARN if one.is_odd else Severity.FAIL
    check = Check(Kind.RANGE, f"raw.{one.table}", one.name, severity, tolerated_share=one.tolerated_share)
    return RowCheck(check, f"not ({one.holds})")
