"""What the gateway needs of a warehouse: queries with bound values, answered within limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pyarrow as pa

from security.errors import TimedOut, TooExpensive, Unavailable


@dataclass(frozen=True)
class Limits:
    """What a query may take; more is an error, never a part of the rows.

    `size` is the result's in bytes of memory, `seconds` pass from asking to the last row, `billed` are the bytes that
    a warehouse which bills them may read.
    """

    rows: int = 1_000_000
    size: int = 256 * 2**20
    seconds: float = 30.0
    billed: int = 10 * 2**30


LIMITS: Final = Limits()


class WarehouseUnavailable(Unavailable):
    """The warehouse can't be reached, is busy, or has a problem of its own."""


class WarehouseAbsent(WarehouseUnavailable):
    """Nobody answers for the embedded warehouse at the moment."""


class WarehouseTimedOut(TimedOut):
    """The query took longer than it may."""


class WarehouseTooExpensive(TooExpensive):
    """The result would be larger than the query may have, or reading for it would be billed higher."""


class QueryFailed(Exception):
    """The query is wrong, is refused, or fails on the rows that are there.

    The text may quote the query and values of rows: it is for who wrote the SQL, and for no client of the graph.
    """


class WarehouseReader(Protocol):
    """Reads a warehouse, and can do nothing else to it.

    What differs between warehouses' SQL is asked of the reader: how a bound value and how a table is written.
    """

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None, limits: Limits = LIMITS) -> pa.Table:
        """Return the rows of a query.

        Values are bound by name where the SQL has `parameter(name)`; lists too, for `among`. Cancelling ends
        the query in the warehouse. Raises `QueryFailed`, `WarehouseUnavailable`, `WarehouseTimedOut` and
        `WarehouseTooExpensive`.
        """

    def parameter(self, name: str) -> str:
        """Return how the SQL names a bound value."""

    def among(self, expression: str, name: str) -> str:
        """Return the condition that an expression is one of a bound list of values."""

    def table(self, layer: str, name: str) -> str:
        """Return how the SQL names a table or view of a layer, such as `marts` or `raw`."""

    async def close(self) -> None:
        """Let connections go."""
