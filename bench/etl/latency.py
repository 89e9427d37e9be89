"""How long after its commit a row can be queried in DuckDB, while orders are placed at a steady rate."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg

from bench.database import Report
from bench.etl import writing
from bench.etl.runs import Clock, in_process
from bench.etl.source import PUBLICATION, SHAPES, Operational, before_writing
from etl.changes import Batch
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.compaction import Compaction
from etl.worker.duties import Roster
from etl.worker.streaming import Streaming

_JOIN_SECONDS: Final = 10.0
_WARM_UP: Final = 0.2
"""Share of the orders that are placed before any is counted."""


def measure(database: Operational, rate: int, seconds: int, report: Report) -> dict[str, Any]:
    """Return percentiles of the milliseconds between the answer to a commit and the end of the append that has it."""
    orders = rate * seconds
    committed = np.zeros(orders + 1)
    with database.connect() as connection, tempfile.TemporaryDirectory() as folder:
        writing.prepare(connection)
        # Here a commit is waited for, as the shop's are.
        connection.execute("set synchronous_commit = on")
        with before_writing(database) as begin:
            ready = Path(folder) / "ready"
            writer = threading.Thread(target=_place, args=(connection, committed, rate, ready))
            writer.start()
            run = in_process(follow, database.url, "bench_first", begin, orders, Path(folder) / "bench.duckdb", ready)
            writer.join()
    counted = slice(int(orders * _WARM_UP) + 1, None)
    waits = np.sort(np.asarray(run.found)[counted] - committed[counted]) * 1000
    found = {f"p{share}_ms": round(float(np.percentile(waits, share)), 2) for share in (50, 90, 99)}
    report(f"latency at {rate} transactions/s: p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f} ms")
    busy = run.processor_seconds / run.seconds
    return {"transactions_per_s": rate, "counted": len(waits), **found, "processor_share": round(busy, 3)}


def follow(clock: Clock, url: str, slot: str, begin: int, orders: int, path: Path, ready: Path) -> Sequence[float]:
    """Stream until the last order has come; return at which moment each could be queried, by its number."""
    seen, stop = np.zeros(orders + 1), threading.Event()
    with contextlib.closing(DuckDBWarehouse(path)) as warehouse:
        warehouse.prepare(list(SHAPES.values()))
        compaction = Compaction(warehouse, SHAPES)
        roster = Roster([compaction], stop)

        def delivered(batch: Batch, seconds: float) -> None:
            compaction.saw(batch, seconds)
            _note(batch, seen)
            if seen[orders]:
                stop.set()

        roster.start()
        with ReplicationStream(url, slot, PUBLICATION, begin) as source:
            clock.start()
            ready.touch()
            Streaming(source, Decoder(SHAPES, begin), warehouse, delivered, lambda: None).run(stop)
        roster.join(_JOIN_SECONDS)
    return seen.tolist()


def _note(batch: Batch, seen: np.ndarray[Any, Any]) -> None:
    now = time.monotonic()
    for part in batch.changes:
        if part.table == "orders":
            seen[part.records.column("_key").to_numpy()] = now


def _place(connection: psycopg.Connection, committed: np.ndarray[Any, Any], rate: int, ready: Path) -> None:
    while not ready.exists():
        time.sleep(0.01)
    start = time.monotonic()
    for number in range(1, len(committed)):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        connection.execute("select bench_order(%s), bench_items(%s, %s)", [number, 3 * number, 3 * number + 2])
        committed[number] = time.monotonic()
