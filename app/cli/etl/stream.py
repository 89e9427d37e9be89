"""`gateway etl stream`."""

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
