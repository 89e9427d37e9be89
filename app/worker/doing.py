"""Having a job done on the configured warehouse: by its worker, or by this process where none runs."""

import contextlib
import time
from typing import Final

from app.errors import StartError
from app.settings import Settings
from app.worker.jobs import jobs_of
from app.worker.warehouse import open_warehouse, owned_file
from etl.batch.asking import NobodyThere, ask
from etl.batch.jobs import Tell, Words
from etl.changes import table_shapes
from etl.warehouses.owned import OwnedWarehouse
from schema.entities import ENTITIES

# Seconds in which a worker that is starting or stopping has to answer, or to let go of the file.
_PATIENCE: Final = 15.0
_PAUSE: Final = 0.2


def do_job(settings: Settings, job: str, arguments: Words, tell: Tell, source_url: str | None = None) -> Words:
    """Do a job and return its outcome; raises JobRefused and JobFailed.

    `source_url` is the database for jobs that ask it, where no worker does them.
    """
    path, deadline = owned_file(settings), time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(NobodyThere):
            return ask(path, job, arguments, tell)
        warehouse = _opened(settings)
        if warehouse is not None:
            with contextlib.closing(warehouse):
                warehouse.prepare(table_shapes(ENTITIES))
                return jobs_of(settings, warehouse, path, source_url).jobs.run(job, arguments, tell)
        time.sleep(_PAUSE)
    raise StartError(f"another process has {path} open and takes no jobs: end it, or wait until it does")


def _opened(settings: Settings) -> OwnedWarehouse | None:
    """Open the file; None where another process has it."""
    once = iter((True, False))
    return open_warehouse(settings, report=lambda _: None, is_wanted=lambda: next(once))
