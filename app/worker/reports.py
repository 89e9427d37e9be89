"""Where others find the running worker's metrics and status: noted in the data folder while it runs."""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from app.embedded import make_folder
from app.embedded.files import read_json, write_json
from app.settings import Settings
from etl.worker.backfill import Backfill
from etl.worker.metrics import Metrics
from etl.worker.reporting import reporting
from etl.worker.worker import Worker

_LOG = logging.getLogger(__name__)
_NOTE: Final = "worker.json"
_SECONDS: Final = 2.0


@contextlib.contextmanager
def reported(
    settings: Settings,
    worker: Worker,
    metrics: Metrics,
    backfill: Backfill | None,
    problem: Callable[[], str | None] = lambda: None,
) -> Iterator[None]:
    """Serve a worker's metrics for the time of the block; it works without them where their address is taken.

    `problem` tells what is wrong with the warehouse, beside what is wrong with the stream.
    """
    standing = worker.pipeline.standing

    def status() -> Mapping[str, object]:
        fault = standing.fault or problem()
        told = {"phase": standing.phase, "fault": fault, "losses": standing.losses, "pid": os.getpid()}
        measured = {"since": standing.since, "lag_seconds": round(metrics.lag_seconds, 3)}
        return told | measured | {"copies": backfill.told() if backfill else []}

    note = make_folder(settings.data_dir).warehouse / _NOTE
    with contextlib.ExitStack() as stack:
        host, port = settings.etl_metrics_host, settings.etl_metrics_port
        try:
            url = stack.enter_context(reporting(metrics.registry, status, host, port))
        except OSError as error:
            _LOG.error("metrics can't be told on %s:%s (%s): set GATEWAY_ETL_METRICS_PORT", host, port, error.strerror)
        else:
            write_json(note, {"url": url})
            stack.callback(_forget, note, url)
        yield


def _forget(note: Path, url: str) -> None:
    """Take the note away, unless it is a successor's by now."""
    if read_json(note) == {"url": url}:
        note.unlink(missing_ok=True)


def running_worker(settings: Settings) -> Mapping[str, Any] | None:
    """Return what the worker of the data folder tells of itself, with its `url`; None where none runs."""
    note = read_json(make_folder(settings.data_dir).warehouse / _NOTE)
    if note is None:
        return None
    try:
        told: dict[str, Any] = httpx.get(f"{note['url']}/status", timeout=_SECONDS).json()
    except (httpx.HTTPError, ValueError):
        return None
    return {**told, "url": note["url"]}
