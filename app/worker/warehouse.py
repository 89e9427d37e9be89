"""The configured warehouse, opened by the process that owns it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from app.embedded import make_folder
from app.errors import StartError
from app.settings import Settings
from app.warehouse import BigQueryPlace, place_of
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse

_PAUSE: Final = 0.2
_LOCKED: Final = "Could not set lock"


def duckdb_path(settings: Settings) -> Path:
    """Return the DuckDB file of the settings; StartError when the warehouse is another one."""
    make_folder(settings.data_dir)
    place = place_of(settings)
    if isinstance(place, BigQueryPlace):
        raise StartError(
            "GATEWAY_WAREHOUSE_URL names BigQuery, which is not built yet: set duckdb:///path, or unset it"
        )
    return place


def open_warehouse(
    path: Path, *, report: Callable[[str], None], is_wanted: Callable[[], bool]
) -> DuckDBWarehouse | None:
    """Open a DuckDB file, waiting as long as another process has it; None when waiting is no longer wanted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_told = False
    while is_wanted():
        try:
            return DuckDBWarehouse(path)
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise StartError(f"the warehouse {path} can't be opened ({type(error).__name__})") from error
        if not is_told:
            report(f"standby: another worker has {path}")
            is_told = True
        time.sleep(_PAUSE)
    return None
