"""How many changes a second pass through one slot into DuckDB, beside PostgreSQL's own program that drops them."""

import contextlib
import statistics
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from bench.database import Report
from bench.etl import writing
from bench.etl.programs import program_of_postgres
from bench.etl.runs import Clock, Run, in_process, program
from bench.etl.source import PUBLICATION, SHAPES, Backlog, Operational, before_writing, log_end
from etl.changes import Batch
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.streaming import Streaming

WRITERS: Final[Mapping[str, Callable[[psycopg.Connection, int], int]]] = {
    "orders": writing.write_orders,
    "bulk": writing.write_bulk,
}


def measure(database: Operational, changes: int, rounds: int, report: Report) -> dict[str, Any]:
    """Return changes a second of both, for small transactions and for large ones."""
    return {name: _compare(database, name, changes, rounds, report) for name in WRITERS}


def stream(clock: Clock, url: str, slot: str, backlog: Backlog, path: Path) -> int:
    """Bring all changes of a backlog into a new DuckDB file; return how many came."""
    stop, rows = threading.Event(), 0

    def delivered(batch: Batch, _: float) -> None:
        nonlocal rows
        rows += sum(part.records.num_rows for part in batch.changes)
        # A position behind the last change may come seconds later: no row waits for it.
        if rows >= backlog.changes or batch.through >= backlog.end - 1:
            stop.set()

    warehouse = DuckDBWarehouse(path)
    warehouse.prepare(list(SHAPES.values()))
    clock.start()
    with contextlib.closing(warehouse), ReplicationStream(url, slot, PUBLICATION, backlog.begin) as source:
        Streaming(source, Decoder(SHAPES, backlog.begin), warehouse, delivered, lambda: None).run(stop)
    return rows


def _compare(database: Operational, kind: str, changes: int, rounds: int, report: Report) -> dict[str, Any]:
    with database.connect() as connection:
        writing.prepare(connection)
        with before_writing(database) as begin:
            written = WRITERS[kind](connection, changes)
            backlog = Backlog(written, begin, log_end(connection))
            runs = _rounds(database, kind, backlog, rounds, report)
    summaries = {name: _summary(backlog, made) for name, made in runs.items()}
    ratio = summaries["gateway"]["changes_per_s"] / summaries["pg_recvlogical"]["changes_per_s"]
    return {**summaries, "changes": written, "ratio": round(ratio, 3)}


def _rounds(
    database: Operational, kind: str, backlog: Backlog, rounds: int, report: Report
) -> dict[str, list[tuple[Run, float]]]:
    """Run both in turn; with each run goes what the database's processes used."""
    runs: dict[str, list[tuple[Run, float]]] = {"pg_recvlogical": [], "gateway": []}
    for number in range(rounds):
        for name, run in (("pg_recvlogical", _received), ("gateway", _streamed)):
            used = database.processor_seconds()
            found = run(database, backlog)
            runs[name].append((found, database.processor_seconds() - used))
            rate = backlog.changes / found.seconds
            report(f"stream, {kind}, round {number + 1} of {rounds}: {name:<14} {rate:9,.0f} changes/s")
    return runs


def _streamed(database: Operational, backlog: Backlog) -> Run:
    with backlog.slot(database, "bench_gateway") as slot, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"
        run = in_process(stream, database.url, slot, backlog, path)
    if run.found < backlog.changes:
        raise RuntimeError(f"{run.found:,} changes came of {backlog.changes:,} that were written")
    return run


def _received(database: Operational, backlog: Backlog) -> Run:
    options = {"proto_version": "1", "publication_names": PUBLICATION, "binary": "true", "messages": "true"}
    with backlog.slot(database, "bench_peer") as slot:
        return program(
            [
                *(program_of_postgres("pg_recvlogical"), "--dbname", database.url, "--slot", slot, "--start"),
                *("--endpos", f"{backlog.end >> 32:X}/{backlog.end & 0xFFFFFFFF:X}", "--no-loop"),
                # Nothing is flushed: what arrives is dropped.
                *("--fsync-interval", "0", "--file", "/dev/null"),
                *(part for name, value in options.items() for part in ("--option", f"{name}={value}")),
            ]
        )


def _summary(backlog: Backlog, made: list[tuple[Run, float]]) -> dict[str, Any]:
    rates = [backlog.changes / run.seconds for run, _ in made]
    million = 1e6 / backlog.changes
    return {
        "changes_per_s": round(statistics.median(rates)),
        "rounds": [round(rate) for rate in rates],
        "processor_s_per_million": round(statistics.median(run.processor_seconds for run, _ in made) * million, 2),
        "database_processor_s_per_million": round(statistics.median(used for _, used in made) * million, 2),
        "peak_memory_mb": round(max(run.peak_memory_mb for run, _ in made)) or None,
    }
