"""Where the warehouse is, and who reads it: the same whether it is embedded or BigQuery."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from app.errors import StartError
from app.settings import Settings
from resolvers.warehouse.reader import WarehouseReader
from resolvers.warehouse.served import ServedWarehouse

_FILE: Final = "warehouse/warehouse.duckdb"
_JOURNAL: Final = "warehouse/bigquery-journal.duckdb"
_BIGQUERY: Final = re.compile(r"bigquery://(?P<project>[a-z0-9.:-]+)/(?P<dataset>\w+)/?")


@dataclass(frozen=True)
class BigQueryPlace:
    """A project, and the datasets whose names begin with `dataset`; the worker keeps a journal in a file."""

    project: str
    dataset: str
    journal: Path


def place_of(settings: Settings) -> Path | BigQueryPlace:
    """Return where the warehouse is: a DuckDB file, or BigQuery."""
    folder = settings.data_dir.resolve()
    if settings.warehouse_url is None:
        return folder / _FILE
    url = urlsplit(settings.warehouse_url)
    if url.scheme == "bigquery":
        named = _BIGQUERY.fullmatch(settings.warehouse_url)
        if named is None:
            raise StartError("GATEWAY_WAREHOUSE_URL must be bigquery://project/dataset")
        return BigQueryPlace(named["project"], named["dataset"], folder / _JOURNAL)
    if url.netloc or not url.path.strip("/"):
        raise StartError("GATEWAY_WAREHOUSE_URL must be duckdb:///absolute/path, with three slashes")
    return Path(unquote(url.path))


def owned_reader(settings: Settings) -> WarehouseReader:
    """Return what reads the worker's own DuckDB file, the warehouse or BigQuery's journal, while the worker runs."""
    place = place_of(settings)
    return ServedWarehouse(place.journal if isinstance(place, BigQueryPlace) else place)


def reader_of(settings: Settings) -> WarehouseReader:
    """Return what reads the warehouse; an embedded one answers while its worker runs."""
    place = place_of(settings)
    if isinstance(place, Path):
        return ServedWarehouse(place)
    # Its libraries take a second and many megabytes that an embedded gateway does without.
    reader = import_module("resolvers.warehouse.bigquery").BigQueryReader
    return cast("WarehouseReader", reader.at(place.project, place.dataset, settings.warehouse_location))
