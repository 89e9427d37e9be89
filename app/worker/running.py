"""Running the worker in this process until a signal ends it."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType

from app import memory
from app.embedded import make_folder
from app.settings import Settings
from app.worker.inventory import Inventory
from app.worker.jobs import jobs_of, scheduled_duties
from app.worker.reports import reported
from app.worker.sources import chosen_source, require_log
from app.worker.warehouse import open_warehouse, owned_file
from etl.batch.asking import serve_jobs
from etl.changes import table_shapes
from etl.warehouses.duckdb.serving import serve_queries
from etl.warehouses.interface import Warehouse
from etl.worker import failpoints
from etl.worker.backfill import Backfill
from etl.worker.compaction import Compaction
from etl.worker.copying import Copied
from etl.worker.duties import Duty
from etl.worker.feeding import Feeding
from etl.worker.guard import SlotGuard
from etl.worker.metrics import Metrics
from etl.worker.pipeline import Pipeline
from etl.worker.progress import Progress
from etl.worker.publishing import PublicationGuard
from etl.worker.source import Source
from etl.worker.spill import Spill
from etl.worker.standing import Standing
from etl.worker.worker import Deliveries, Worker
from schema.entities import ENTITIES

Report = Callable[[str], None]
Further = Callable[[Standing], Sequence[Duty]]


class Stop:
    """Whether a signal has asked for the end."""

    def __init__(self) -> None:
        self.is_asked = False
        self.asked: Callable[[], None] = lambda: None

    def ask(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End soon."""
        self.is_asked = True
        self.asked()


def run_worker(settings: Settings, source_url: str, progress: Progress) -> None:
    """Feed the warehouse of the settings from a database until SIGTERM or SIGINT.

    Where another worker has the warehouse or the slot, this one stands by.
    """
    failpoints.arm_from_command_line()
    memory.keep_freed()
    stop = Stop()
    with _signals(stop):
        path = owned_file(settings)
        warehouse = open_warehouse(settings, report=progress.note, is_wanted=lambda: not stop.is_asked)
        if warehouse is None:
            return
        with contextlib.closing(warehouse):
            beside = jobs_of(settings, warehouse, path, source_url)
            inventory = Inventory(warehouse.connection, table_shapes(ENTITIES))

            def duties(standing: Standing) -> Sequence[Duty]:
                return [inventory, *scheduled_duties(settings, warehouse, beside, standing)]

            made = compose(settings, source_url, warehouse, progress, duties)
            made.metrics.registry.register(beside.findings)
            made.metrics.registry.register(inventory)
            stop.asked = made.worker.stop.set
            if stop.is_asked:
                return
            progress.note(f"feeding {settings.warehouse_url or path}")
            with (
                reported(settings, made.worker, made.metrics, made.backfill, lambda: warehouse.problem),
                serve_queries(warehouse.connection, path),
                serve_jobs(beside.jobs, path),
            ):
                made.worker.run()


def copy_once(settings: Settings, source_url: str, progress: Progress) -> Copied | None:
    """Copy all tables anew, and leave the slot from which a worker goes on; None when a signal came first."""
    require_log(settings, "a copy of all tables")
    memory.keep_freed()
    stop = Stop()
    with _signals(stop):
        warehouse = open_warehouse(settings, report=progress.note, is_wanted=lambda: not stop.is_asked)
        if warehouse is None:
            return None
        with contextlib.closing(warehouse):
            pipeline = log_pipeline(settings, source_url, warehouse, progress)
            ended = threading.Event()
            stop.asked = ended.set
            return pipeline.copy(ended)


@dataclass(frozen=True)
class Composition:
    """A worker, and what it tells of itself; tables are copied again beside PostgreSQL's log only."""

    worker: Worker
    metrics: Metrics
    backfill: Backfill | None = None


def compose(
    settings: Settings, source_url: str, warehouse: Warehouse, progress: Progress, further: Further = lambda _: ()
) -> Composition:
    """Put the worker together: what it streams, its duties and the `further` ones, and what counts them."""
    shapes = table_shapes(ENTITIES)
    source = chosen_source(settings, source_url, shapes)
    if source is None:
        return _of_log(settings, source_url, warehouse, progress, further)
    warehouse.prepare(source.shapes)
    deliveries = Deliveries()
    feeding = Feeding(source, warehouse, deliveries)
    metrics = Metrics(feeding.standing)
    compaction = Compaction(warehouse, (shape.table for shape in source.shapes))
    deliveries.listeners += [compaction.saw, metrics.saw]
    return Composition(Worker(feeding, [compaction, *further(feeding.standing)], metrics.ran), metrics)


def log_pipeline(settings: Settings, source_url: str, warehouse: Warehouse, progress: Progress) -> Pipeline:
    """Return what copies and streams PostgreSQL's log, and nothing beside it."""
    shapes = table_shapes(ENTITIES)
    warehouse.prepare(shapes)
    return Pipeline(Source(source_url, settings.etl_slot), shapes, warehouse, Deliveries(), progress)


def _of_log(
    settings: Settings, source_url: str, warehouse: Warehouse, progress: Progress, further: Further
) -> Composition:
    shapes = table_shapes(ENTITIES)
    warehouse.prepare(shapes)
    source = Source(source_url, settings.etl_slot)
    deliveries = Deliveries()
    backfill = Backfill(source, shapes, warehouse, lambda: pipeline.standing.streams)
    spill = Spill(make_folder(settings.data_dir).warehouse / "spill", settings.etl_spill_limit_bytes)
    pipeline = Pipeline(source, shapes, warehouse, deliveries, progress, backfill.want_all, spill)
    metrics = Metrics(pipeline.standing, lambda: pipeline.outlet.waiting_bytes)
    compaction = Compaction(warehouse, (shape.table for shape in shapes))
    deliveries.listeners += [compaction.saw, metrics.saw, backfill.saw]
    publication = PublicationGuard(source, shapes, lambda: pipeline.standing.streams)
    duties: list[Duty] = [compaction, backfill, pipeline.outlet, SlotGuard(source, metrics.exposed), publication]
    duties += further(pipeline.standing)
    return Composition(Worker(pipeline, duties, metrics.ran), metrics, backfill)


@contextlib.contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
