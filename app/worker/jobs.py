"""The jobs of the configured warehouse and when its worker does them, put together from the settings."""

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.settings import Settings
from app.settings.sources import POSTGRES_WAL
from app.worker.warehouse import models_target
from etl.batch.checks import ChecksJob, LastFindings
from etl.batch.exports import ExportJob
from etl.batch.history import History, Kind
from etl.batch.jobs import Job, Jobs, Tell, Words
from etl.batch.models import ModelsJob
from etl.batch.retries import RetryJob
from etl.batch.schedule import Plan, Scheduled, daily, every
from etl.changes import table_shapes
from etl.models.staging import landing_tables
from etl.warehouses.owned import OwnedWarehouse
from etl.worker.source import Source
from etl.worker.standing import Phase, Standing
from schema.entities import ENTITIES

# After a start the stream catches up first; a worker that ends again at once has not begun anything.
_SETTLED_SECONDS: Final = 15.0
_MODELS: Final = "models"
"""The folder beside the warehouse's file in which dbt may write."""


@dataclass(frozen=True)
class JobSet:
    """What can be done on a warehouse beside its stream, the history of it, and what the last checks found."""

    jobs: Jobs
    history: History
    findings: LastFindings


def jobs_of(settings: Settings, warehouse: OwnedWarehouse, path: Path, source_url: str | None) -> JobSet:
    """Put the jobs of an open warehouse together; without a source that has a log nothing is compared with it."""
    history = History(warehouse.connection)
    models = ModelsJob(warehouse.connection, path.parent / _MODELS, history, models_target(settings))
    has_log = settings.etl_source == POSTGRES_WAL
    source = Source(source_url, settings.etl_slot) if has_log and source_url is not None else None
    checks = ChecksJob(warehouse, source, history, models.test, dict(settings.etl_tolerated))
    jobs: dict[str, Job] = {
        "models": models,
        "documentation": models.document,
        "checks": checks,
        "export": ExportJob(warehouse.tables, history),
        "retry": RetryJob(warehouse, table_shapes(ENTITIES), history),
        "pruning": PruningJob(warehouse, history),
    }
    return JobSet(Jobs(jobs), history, checks.last)


def scheduled_duties(
    settings: Settings, warehouse: OwnedWarehouse, made: JobSet, standing: Standing
) -> Sequence[Scheduled]:
    """Return the duties that do jobs by the clock, as the settings say."""

    def is_settled() -> bool:
        return standing.phase is Phase.STREAMING and time.time() - standing.since >= _SETTLED_SECONDS

    def has_rows() -> bool:
        cursor = warehouse.connection.cursor()
        return is_settled() and any(
            cursor.execute(f"select 1 from raw.{name} limit 1").fetchone() for name in landing_tables()
        )

    def has_models() -> bool:
        built = (made.history.last_start(kind) for kind in (Kind.MODELS, Kind.FULL_MODELS))
        return is_settled() and any(start is not None for start in built)

    plans = []
    if settings.etl_models_minutes:
        plans.append(Plan("models", Kind.MODELS, every(settings.etl_models_minutes), has_rows))
    if isinstance(settings.etl_daily_at, dt.time):
        plans.append(Plan("pruning", Kind.PRUNING, daily(settings.etl_daily_at), is_settled))
        plans.append(Plan("checks", Kind.CHECKS, daily(settings.etl_daily_at), has_models))
    return [Scheduled(plan, made.jobs, made.history) for plan in plans]


class PruningJob:
    """Takes changes away that are in the tables' bases and older than is kept."""

    def __init__(self, warehouse: OwnedWarehouse, history: History) -> None:
        self._warehouse = warehouse
        self._history = history

    def __call__(self, arguments: Words, _tell: Tell) -> Words:
        """Prune, and tell how many changes went."""
        with self._history.noted(Kind.PRUNING, str(arguments.get("origin") or "command")) as note:
            note.ended(good=True, rows=self._warehouse.prune())
        return {"rows": note.rows}
