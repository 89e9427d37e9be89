"""Reading the warehouse for the time of a command, whether or not a worker is running on it."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import duckdb

from app.errors import StartError
from app.settings import Settings
from app.warehouse import BigQueryPlace, place_of, reader_of
from etl.warehouses.duckdb.serving import serve_queries
from resolvers.warehouse.reader import WarehouseAbsent, WarehouseReader
from resolvers.warehouse.served import ServedWarehouse

# Seconds in which a worker that is starting has to answer.
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.1
_LOCKED: Final = "Could not set lock"


@asynccontextmanager
async def warehouse_reader(settings: Settings) -> AsyncIterator[WarehouseReader]:
    """Give a reader for the time of a command, whether or not a worker is running on an embedded warehouse."""
    place = place_of(settings)
    if isinstance(place, BigQueryPlace):
        bigquery = reader_of(settings)
        try:
            yield bigquery
        finally:
            await bigquery.close()
        return
    async with file_reader(place) as reader:
        yield reader


def file_reader(place: Path) -> AbstractAsyncContextManager[WarehouseReader]:
    """Return a reader of a worker's DuckDB file for the time of a command; StartError where it can't be read."""
    if not place.exists():
        raise StartError(f"there is no warehouse at {place} yet: gateway etl stream makes and fills one")
    return _reader_of(place)


@asynccontextmanager
async def _reader_of(place: Path) -> AsyncIterator[WarehouseReader]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        reader = ServedWarehouse(place)
        if await _answers(reader):
            yield reader
            return
        with _opened(place) as own:
            if own is not None:
                yield own
                return
        if time.monotonic() > deadline:
            raise StartError(f"another process has {place} open and does not answer: end it, or wait until it does")
        await asyncio.sleep(_PAUSE)


async def _answers(reader: WarehouseReader) -> bool:
    try:
        await reader.query("select 1")
    except WarehouseAbsent:
        return False
    return True


@contextmanager
def _opened(file: Path) -> Iterator[ServedWarehouse | None]:
    """Open a DuckDB file only to read, and serve it to this process alone; None while another process writes to it."""
    try:
        connection = duckdb.connect(str(file), read_only=True)
    except duckdb.Error as error:
        if _LOCKED in str(error):
            yield None
            return
        raise StartError(f"the warehouse {file} can't be opened: {error}") from None
    with connection, tempfile.TemporaryDirectory() as folder:
        private = Path(folder) / file.name
        with serve_queries(connection, private):
            yield ServedWarehouse(private)
