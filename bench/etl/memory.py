"""How much memory one transaction of a million rows takes."""

import tempfile
from pathlib import Path
from typing import Any

from bench.database import Report
from bench.etl import writing
from bench.etl.runs import in_process
from bench.etl.source import Backlog, Operational, before_writing, log_end
from bench.etl.streaming import stream


def measure(database: Operational, rows: int, report: Report) -> dict[str, Any]:
    """Return the peak memory of a process that streams one transaction of so many rows into DuckDB."""
    with database.connect() as connection, tempfile.TemporaryDirectory() as folder:
        writing.prepare(connection)
        with before_writing(database) as begin:
            written = writing.write_bulk(connection, rows, each=rows)
            backlog = Backlog(written, begin, log_end(connection))
            run = in_process(stream, database.url, "bench_first", backlog, Path(folder) / "bench.duckdb")
    report(f"memory: {run.peak_memory_mb:.0f} MB at the most in a transaction of {rows:,} rows")
    return {"rows": run.found, "peak_memory_mb": round(run.peak_memory_mb), "seconds": round(run.seconds, 2)}
