"""How the warehouse stands: what the source, the warehouse and a running worker say, put side by side."""

import datetime as dt
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


@dataclass(frozen=True)
class TableStatus:
    """A table as it stands in the warehouse."""

    table: str
    rows: int
    dead_letters: int


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
    """What is in the warehouse. `position` is the LSN up to which every commit is there."""

    position: int | None
    tables: Sequence[TableStatus] = field(default=())
    runs: Sequence[RunStatus] = field(default=())
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
    present = [shape.table for shape in shapes if f"raw.{shape.table}__log" in existing]
    dead = {row["table_name"]: row["count"] for row in ask(_DEAD)}
    counts = " union all ".join(f"select '{table}' as name, count(*) as rows from raw.{table}" for table in present)
    rows = {row["name"]: row["rows"] for row in (ask(counts) if present else ())}
    return WarehouseStatus(
        position=ask("select position from raw.checkpoint")[0]["position"],
        tables=[TableStatus(table, rows[table], dead.get(table, 0)) for table in present],
        runs=[RunStatus(**row) for row in (ask(_RUNS) if "pipeline.run" in existing else ())],
        alarms=[_failed(row) for row in (ask(_LAST) if "pipeline.run" in existing else ())],
    )


_DEAD: Final = "select table_name, count(*) as count from raw.dead_letter group by all"


def _behind(connection: psycopg.Connection, position: int | None) -> int | None:
    if position is None:
        return None
    found = connection.execute(
        "select greatest(pg_current_wal_lsn() - '0/0'::pg_lsn - %s, 0)::bigint", [position + 1]
    ).fetchone()
    return int(found[0]) if found else None


def _failed(row: Row) -> str:
    return f"the last run of {row['kind']} failed" + (f": {row['detail']}" if row["detail"] else "")
