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
select run_id, started_at, is_full, sum(seconds) as seconds, count(*) as nodes,
    count(*) filter (where status not in ('success', 'pass', 'warn')) as failed
from pipeline.model_run group by all order by started_at desc limit 5
"""


@dataclass(frozen=True)
class TableStatus:
    """A table as it stands in the warehouse."""

    table: str
    rows: int
    dead_letters: int


@dataclass(frozen=True)
class RunStatus:
    """A run of models: how many it had, and how many of them failed."""

    started_at: dt.datetime
    is_full: bool
    seconds: float
    nodes: int
    failed: int


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
        runs=[_run(row) for row in (ask(_RUNS) if "pipeline.model_run" in existing else ())],
    )


_DEAD: Final = "select table_name, count(*) as count from raw.dead_letter group by all"


def _behind(connection: psycopg.Connection, position: int | None) -> int | None:
    if position is None:
        return None
    found = connection.execute(
        "select greatest(pg_current_wal_lsn() - '0/0'::pg_lsn - %s, 0)::bigint", [position + 1]
    ).fetchone()
    return int(found[0]) if found else None


def _run(row: Row) -> RunStatus:
    return RunStatus(row["started_at"], row["is_full"], row["seconds"], row["nodes"], row["failed"])
