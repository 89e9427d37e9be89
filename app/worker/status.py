"""How the warehouse stands: what the source, the warehouse and a running worker say, put side by side."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from etl.changes import TableShape
from etl.worker.guard import Exposure, exposure
from etl.worker.source import Source

Row = Mapping[str, Any]
Ask = Callable[[str], Sequence[Row]]
"""Runs a query on the warehouse and returns its rows."""

_EXISTING: Final = "select schema_name || '.' || table_name as name from duckdb_tables()"
_RUNS: Final = """
select kind, origin, started_at, ended_at, result, rows, detail from pipeline.run order by started_at desc limit 8
"""
_LAST: Final = """
select kind, detail from pipeline.run where result <> 'running'
qualify row_number() over (partition by kind order by started_at desc) = 1 and result = 'failed'
"""


_CHECKS: Final = """
select status, count(*) as count, list(check_name order by check_name) as names from pipeline.check_result
where run_id = (select run_id from pipeline.check_result order by checked_at desc limit 1) group by all
"""
_TOLERATED: Final = """
select check_name as "check", violations, tolerated from pipeline.check_result
where run_id = (select run_id from pipeline.check_result order by checked_at desc limit 1)
  and status = 'pass' and violations > 0
order by all
"""
_DEGRADED: Final = "select table_name, column_name, reason, dead_letters from raw.degraded order by all"


@dataclass(frozen=True)
class TableStatus:
    """A table as it stands in the warehouse; `lacks` tells what it has not, by column and reason."""

    table: str
    rows: int
    dead_letters: int
    lacks: Sequence[str] = ()


@dataclass(frozen=True)
class Tolerated:
    """A check that passed because no more than `tolerated` violations are known of it."""

    check: str
    violations: int
    tolerated: int


@dataclass(frozen=True)
class RunStatus:
    """A job that was done or is being done, how many rows it was about, and what to know about it."""

    kind: str
    origin: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    result: str
    rows: int | None
    detail: str | None


@dataclass(frozen=True)
class SourceStatus:
    """The slot as the source tells it, and how much log was written since the warehouse's position."""

    exposure: Exposure
    lag_bytes: int | None


@dataclass(frozen=True)
class WarehouseStatus:
    """What is in the warehouse. `position` is the LSN up to which every commit is there.

    `checks` are the names of the last checks by how they ended, `tolerated` those that passed with violations.
    """

    position: int | None
    tables: Sequence[TableStatus] = field(default=())
    runs: Sequence[RunStatus] = field(default=())
    checks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tolerated: Sequence[Tolerated] = field(default=())
    alarms: Sequence[str] = field(default=())


def look_at_source(source: Source, position: int | None) -> SourceStatus:
    """Ask the source about its slot; raises what psycopg does."""
    with source.connect() as connection:
        return SourceStatus(exposure(connection, source.slot), _behind(connection, position))


def look_at_warehouse(ask: Ask, shapes: Sequence[TableShape]) -> WarehouseStatus:
    """Ask the warehouse what is in it."""
    existing = {row["name"] for row in ask(_EXISTING)}
    if "raw.checkpoint" not in existing:
        return WarehouseStatus(None)
    has_runs, has_checks = "pipeline.run" in existing, "pipeline.check_result" in existing
    return WarehouseStatus(
        position=ask("select position from raw.checkpoint")[0]["position"],
        tables=_tables(ask, [shape.table for shape in shapes if f"raw.{shape.table}__log" in existing]),
        runs=[RunStatus(**row) for row in (ask(_RUNS) if has_runs else ())],
        checks={row["status"]: row["names"] for row in (ask(_CHECKS) if has_checks else ())},
        tolerated=[Tolerated(**row) for row in (ask(_TOLERATED) if has_checks else ())],
        alarms=[_failed(row) for row in (ask(_LAST) if has_runs else ())],
    )


def _tables(ask: Ask, present: Sequence[str]) -> list[TableStatus]:
    if not present:
        return []
    counted = ask(
        " union all ".join(f"select '{table}' as name, count(*) as rows from raw.{table}" for table in present)
    )
    rows = {row["name"]: row["rows"] for row in counted}
    dead, lacks = Counter[str](), defaultdict[str, list[str]](list)
    for row in ask(_DEGRADED):
        dead[row["table_name"]] += row["dead_letters"] or 0
        lacks[row["table_name"]].append(f"{row['column_name']}: {row['reason']}")
    return [TableStatus(table, rows[table], dead[table], lacks[table]) for table in present]


def _behind(connection: psycopg.Connection, position: int | None) -> int | None:
    if position is None:
        return None
    found = connection.execute(
        "select greatest(pg_current_wal_lsn() - '0/0'::pg_lsn - %s, 0)::bigint", [position + 1]
    ).fetchone()
    return int(found[0]) if found else None


def _failed(row: Row) -> str:
    return f"the last run of {row['kind']} failed" + (f": {row['detail']}" if row["detail"] else "")
