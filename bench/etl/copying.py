"""How fast tables are copied into an empty DuckDB, beside psql that copies them to nowhere."""

import contextlib
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Round:
    """One run, and what the database's processes used."""

    run: Run
    database_seconds: float

    @property
    def of_others(self) -> float:
        """How much of all processors others took, as a part of 1: they hinder the gateway more than psql."""
        others = self.run.machine_seconds - self.run.processor_seconds - self.database_seconds
        return max(others / self.run.seconds / (os.cpu_count() or 1), 0.0)


def measure(database: Operational, rows: int, rounds: int, report: Report) -> dict[str, Any]:
    """Return rows a second of both: three order items for each order."""
    with database.connect() as connection:
        _fill(connection, rows)
        columns = {table: present_columns(connection, SHAPES[table]) for table in TABLES}
    readers: dict[str, Callable[[], Run]] = {
        "psql": lambda: _copied_by_psql(database, columns),
        "gateway": lambda: _copied(database),
    }
    runs: dict[str, list[Round]] = {name: [] for name in readers}
    for number in range(rounds):
        for name, read in readers.items():
            used = database.processor_seconds()
            made = Round(read(), database.processor_seconds() - used)
            runs[name].append(made)
            rate = f"{rows / made.run.seconds:9,.0f} rows/s, others took {made.of_others:.0%} of the processors"
            report(f"copy, round {number + 1} of {rounds}: {name:<14} {rate}")
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


def _summary(rows: int, made: list[Round]) -> dict[str, Any]:
    rates, million = [rows / one.run.seconds for one in made], 1e6 / rows
    return {
        "rows_per_s": round(statistics.median(rates)),
        "rounds": [round(rate) for rate in rates],
        "of_others": [round(one.of_others, 2) for one in made],
        "processor_s_per_million": round(statistics.median(one.run.processor_seconds for one in made) * million, 2),
        "database_processor_s_per_million": round(statistics.median(one.database_seconds for one in made) * million, 2),
        "peak_memory_mb": round(max(one.run.peak_memory_mb for one in made)) or None,
    }
