"""How fast tables are copied into an empty DuckDB, beside psql that copies them to nowhere."""

import contextlib
import statistics
import tempfile
from pathlib import Path
from typing import Any, Final

import psycopg

from app import memory
from bench.database import Report
from bench.etl import writing
from bench.etl.programs import program_of_postgres
from bench.etl.runs import Clock, Run, in_process, program
from bench.etl.source import SHAPES, Operational
from etl.sources.postgres_wal.slot import NewSlot
from etl.sources.publication import present_columns
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.copying import Copier
from etl.worker.progress import Silent
from etl.worker.source import Source

TABLES: Final = ("orders", "order_items")
_SLOT: Final = "bench_copy"
_ORDERS: Final = "select bench_order(n) from generate_series(1, %s) n"


def measure(database: Operational, rows: int, rounds: int, report: Report) -> dict[str, Any]:
    """Return rows a second of both: three order items for each order."""
    with database.connect() as connection:
        _fill(connection, rows)
        columns = {table: present_columns(connection, SHAPES[table]) for table in TABLES}
    runs: dict[str, list[Run]] = {"psql": [], "gateway": []}
    for number in range(rounds):
        runs["psql"].append(_copied_by_psql(database, columns))
        runs["gateway"].append(_copied(database))
        for name, made in runs.items():
            report(f"copy, round {number + 1} of {rounds}: {name:<14} {rows / made[-1].seconds:9,.0f} rows/s")
    summaries = {name: _summary(rows, made) for name, made in runs.items()}
    ratio = summaries["gateway"]["rows_per_s"] / summaries["psql"]["rows_per_s"]
    return {**summaries, "rows": rows, "ratio": round(ratio, 3)}


def copy(clock: Clock, url: str, path: Path) -> int:
    """Copy the tables into a new DuckDB file as a worker does; return how many rows can be read there."""
    memory.keep_freed()
    shapes = {table: SHAPES[table] for table in TABLES}
    with contextlib.closing(DuckDBWarehouse(path)) as warehouse, NewSlot(url, _SLOT, is_temporary=True) as slot:
        warehouse.prepare(list(shapes.values()))
        clock.start()
        Copier(Source(url, _SLOT), warehouse, Silent()).copy_all(slot, shapes)
        counts = [warehouse.connection.sql(f"select count(*) from raw.{table}").fetchall()[0][0] for table in TABLES]
        # Closing the file writes a checkpoint, for which nobody waits who wants to read.
        clock.end()
    return sum(counts)


def _fill(connection: psycopg.Connection, rows: int) -> None:
    writing.prepare(connection)
    connection.execute(_ORDERS, [rows // 4])
    writing.write_bulk(connection, rows - rows // 4)
    connection.execute("vacuum analyze orders, order_items")


def _copied(database: Operational) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        return in_process(copy, database.url, Path(folder) / "bench.duckdb")


def _copied_by_psql(database: Operational, columns: dict[str, list[str]]) -> Run:
    commands = [
        f"copy (select {', '.join(names)} from {table}) to stdout (format binary)" for table, names in columns.items()
    ]
    return program(
        [program_of_postgres("psql"), "-X", database.url, *(part for one in commands for part in ("-c", one))]
    )


def _summary(rows: int, made: list[Run]) -> dict[str, Any]:
    rates = [rows / run.seconds for run in made]
    return {
        "rows_per_s": round(statistics.median(rates)),
        "rounds": [round(rate) for rate in rates],
        "processor_s_per_million": round(statistics.median(run.processor_seconds for run in made) * 1e6 / rows, 2),
        "peak_memory_mb": round(max(run.peak_memory_mb for run in made)) or None,
    }
