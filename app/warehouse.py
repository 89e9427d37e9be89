"""Where the warehouse is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from app.errors import StartError
from app.settings import Settings

_FILE: Final = "warehouse/warehouse.duckdb"


@dataclass(frozen=True)
class BigQueryPlace:
    """A project, and the datasets whose names begin with `dataset`."""

    project: str
    dataset: str


def place_of(settings: Settings) -> Path | BigQueryPlace:
    """Return where the warehouse is: a DuckDB file, or BigQuery."""
    if settings.warehouse_url is None:
        return settings.data_dir.resolve() / _FILE
    url = urlsplit(settings.warehouse_url)
    if url.scheme == "bigquery":
        return BigQueryPlace(url.netloc, url.path.strip("/"))
    if url.netloc or not url.path.strip("/"):
        raise StartError("GATEWAY_WAREHOUSE_URL must be duckdb:///absolute/path, with three slashes")
    return Path(unquote(url.path))
