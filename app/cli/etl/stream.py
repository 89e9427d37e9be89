"""`gateway etl stream`."""

import os
import sys
import threading

from app import logs
from app.cli.etl.target import migrated_source, shown
from app.settings import Settings


def stream() -> None:
    """Feed the warehouse from the database's log until Ctrl-C or SIGTERM.

    `gateway serve` does this in a process of its own unless it is told otherwise. Tables that were never copied are
    copied first. Where another worker has the slot or the warehouse, this one stands by and takes over when that one
    ends.

      gateway etl stream

      GATEWAY_WAREHOUSE_URL=duckdb:////srv/warehouse.duckdb gateway etl stream
    """
    from app.worker.running import run_worker

    settings = Settings.load()
    logs.configure(settings)
    with migrated_source(settings, command="gateway etl stream") as url, shown() as progress:
        run_worker(settings, url, progress)
    end_beside_duties()


def end_beside_duties() -> None:
    """End the process now where a duty goes on for long, such as a build of models; return where none does.

    Python would stop the duty's thread within the C++ code of a library, which aborts the process. What is half done
    is undone when the warehouse is opened again, as after any other end.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
