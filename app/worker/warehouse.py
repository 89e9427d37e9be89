"""The configured warehouse, opened by the process that owns it."""

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, cast

import duckdb

from app.embedded import make_folder
from app.errors import StartError
from app.settings import Settings
from app.warehouse import BigQueryPlace, place_of
from etl.models.target import BigQueryTarget
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.owned import OwnedWarehouse

# What the worker's queries may bill is so many times what the gateway's may: it reads whole tables.
_WORKERS_SHARE: Final = 10
_PAUSE: Final = 0.2
_LOCKED: Final = "Could not set lock"


def owned_file(settings: Settings) -> Path:
    """Return the DuckDB file that belongs to the worker: the warehouse, or the journal of BigQuery."""
    make_folder(settings.data_dir)
    place = place_of(settings)
    return place.journal if isinstance(place, BigQueryPlace) else place


def open_warehouse(
    settings: Settings, *, report: Callable[[str], None], is_wanted: Callable[[], bool]
) -> OwnedWarehouse | None:
    """Open the warehouse, waiting as long as another process has its file; None when waiting is no longer wanted."""
    path, is_told = owned_file(settings), False
    path.parent.mkdir(parents=True, exist_ok=True)
    while is_wanted():
        try:
            return _opened(settings, path)
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise StartError(f"the warehouse {path} can't be opened ({type(error).__name__})") from error
        if not is_told:
            report(f"standby: another worker has {path}")
            is_told = True
        time.sleep(_PAUSE)
    return None


def models_target(settings: Settings) -> BigQueryTarget | None:
    """Return what the models are built on where that is not the worker's own DuckDB."""
    place = place_of(settings)
    if isinstance(place, Path):
        return None
    return BigQueryTarget(place.project, place.dataset, settings.warehouse_location, _billed(settings))


def _opened(settings: Settings, path: Path) -> OwnedWarehouse:
    place = place_of(settings)
    if isinstance(place, Path):
        return DuckDBWarehouse(path, settings.warehouse_memory_bytes)
    # Google's libraries take a second and many megabytes that an embedded worker does without.
    module = import_module("etl.warehouses.bigquery.warehouse")
    where = module.Place(place.project, place.dataset, settings.warehouse_location, _billed(settings))
    return cast("OwnedWarehouse", module.BigQueryWarehouse(where, path, memory=settings.warehouse_memory_bytes))


def _billed(settings: Settings) -> int:
    return settings.warehouse_bytes_billed_max * _WORKERS_SHARE
