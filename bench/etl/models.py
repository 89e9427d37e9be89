"""How long the models take: `python -m bench.etl.models [--orders 1000000]` prints one JSON object.

Everything is built in full, then brought up to date after 10,000 new orders, and after 10,000 with 100 changes of every
other table, on as many threads and in as much memory as the worker has.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from bench.etl.rows import add_orders, fill, touch_others
from bench.etl.runs import Clock
from etl.models.results import RunResult
from etl.models.run import ModelRunner
from etl.warehouses.duckdb.warehouse import MEMORY_BYTES
from tests.etl.raw_tables import RawTables

ADDED = 10_000
TOUCHED = 100
THREADS = 2


def build(_: Clock, orders: int, folder: Path) -> dict[str, object]:
    """Measure in a process of its own, which finds no function of the program that began it."""
    return measure(orders, folder)


def measure(orders: int, folder: Path) -> dict[str, object]:
    """Return seconds of a full build and of two incremental ones, with the slowest models of each."""
    with duckdb.connect(
        folder / "bench.duckdb", config={"threads": THREADS, "memory_limit": f"{MEMORY_BYTES // 2**20}MiB"}
    ) as connection:
        RawTables(connection)
        fill(connection, orders)
        runner = ModelRunner.on_duckdb(connection, folder, THREADS)
        results = {"full": timed(runner, full=True)}
        for turn in range(2):
            add_orders(connection, orders, ADDED, load_id=2 + turn)
            results[f"incremental {turn + 1}"] = timed(runner)
        add_orders(connection, orders, ADDED, load_id=4)
        touch_others(connection, TOUCHED, load_id=4)
        results["incremental, every table"] = timed(runner)
        results["tests"] = (runner.test(), 0.0)
        lines = connection.execute("select count(*) from core.fact_orders").fetchall()[0][0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "orders": orders,
        "lines": lines,
        "threads": THREADS,
        "peak_memory_mb": peak // 1024,
        **{name: _described(*result) for name, result in results.items()},
    }


def timed(runner: ModelRunner, *, full: bool = False) -> tuple[RunResult, float]:
    """Return a run's result and the seconds of processor time that it took."""
    start = time.process_time()
    return runner.run(full=full), time.process_time() - start


def _described(result: RunResult, processor: float) -> dict[str, object]:
    slowest = sorted(result.nodes, key=lambda node: node.seconds, reverse=True)[:12]
    return {
        "good": result.is_good,
        "seconds": round(result.seconds, 2),
        "processor_seconds": round(processor, 2),
        "slowest": {node.name: round(node.seconds, 2) for node in slowest},
        "failed": [f"{node.name}: {node.fault or node.failures}" for node in result.nodes if not node.is_good],
    }


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--orders", type=int, default=1_000_000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(given.orders, Path(folder)), indent=1) + "\n")


if __name__ == "__main__":
    main()
