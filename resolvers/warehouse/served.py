"""The embedded warehouse, asked through the worker that owns its file."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from resolvers.warehouse.reader import (
    LIMITS,
    Limits,
    QueryFailed,
    WarehouseAbsent,
    WarehouseTimedOut,
    WarehouseTooExpensive,
    WarehouseUnavailable,
)
from schema.warehouse_wire import (
    Fault,
    Frame,
    Query,
    WireFault,
    bind,
    can_be_socket,
    port_file_of,
    read_frame,
    socket_of,
)

# Seconds for the worker to say itself that the time is over.
_GRACE: Final = 1.0
_ABSENT: Final = "the warehouse does not answer: its worker is starting, or is not running"
_UNSENDABLE: Final = "the SQL or a value can't be sent: texts are UTF-8, whole numbers have 64 bits, lists one type"
_BROKEN: Final = "the warehouse ended the connection: its worker is stopping"
_KINDS: Final[dict[Fault, type[Exception]]] = {
    Fault.REFUSED: QueryFailed,
    Fault.BAD_QUERY: QueryFailed,
    Fault.TOO_LARGE: WarehouseTooExpensive,
    Fault.TIMEOUT: WarehouseTimedOut,
    Fault.BUSY: WarehouseUnavailable,
    Fault.UNAVAILABLE: WarehouseUnavailable,
}


class ServedWarehouse:
    """Reads the DuckDB file `database` by asking the process that has it open; a connection a query."""

    def __init__(self, database: Path) -> None:
        self._database = database

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None, limits: Limits = LIMITS) -> pa.Table:
        """Return the rows of a query, as the interface says."""
        try:
            sql.encode()
            asked = Query(sql, bind(parameters or {}), limits.rows, limits.size, limits.seconds)
        except (UnicodeError, OverflowError, pa.ArrowException):
            raise QueryFailed(_UNSENDABLE) from None
        try:
            async with asyncio.timeout(limits.seconds + _GRACE):
                return await self._ask(asked)
        except WireFault as fault:
            raise _KINDS[fault.fault](fault.message) from None
        except TimeoutError:
            raise WarehouseTimedOut(f"the warehouse did not answer within {limits.seconds:g} s") from None
        except (OSError, EOFError):
            raise WarehouseUnavailable(_BROKEN) from None

    def parameter(self, name: str) -> str:
        """Return how the SQL names a bound value."""
        return f"${name}"

    def among(self, expression: str, name: str) -> str:
        """Return the condition that an expression is one of a bound list of values."""
        return f"{expression} in (select unnest({self.parameter(name)}))"

    def table(self, layer: str, name: str) -> str:
        """Return how the SQL names a table or view of a layer."""
        return f"{layer}.{name}"

    async def close(self) -> None:
        """Nothing stays open between queries."""

    async def _ask(self, query: Query) -> pa.Table:
        reader, writer, token = await self._connect()
        try:
            writer.write(query.encode(token))
            await writer.drain()
            return await _table(reader)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str | None]:
        path = socket_of(self._database)
        try:
            if can_be_socket(path) and path.exists():
                return *await asyncio.open_unix_connection(path), None
            told = json.loads(port_file_of(self._database).read_text())
            return *await asyncio.open_connection("127.0.0.1", told["port"]), told["token"]
        except OSError:
            raise WarehouseAbsent(_ABSENT) from None


async def _table(reader: asyncio.StreamReader) -> pa.Table:
    pieces: list[bytes] = []
    while True:
        kind, content = await read_frame(reader)
        if kind is Frame.ERROR:
            raise WireFault.decode(content)
        if kind is Frame.END:
            return pa.ipc.open_stream(b"".join(pieces)).read_all()
        pieces.append(content)
