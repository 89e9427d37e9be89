"""A query on the worker's DuckDB, on a cursor of its own and within the limits that its reader set."""

from collections.abc import Iterator
from typing import Final

import duckdb
import pyarrow as pa

from etl.warehouses.duckdb.batches import PIECE_ROWS, gathered
from etl.warehouses.duckdb.guard import check_reads
from schema.warehouse_wire import Fault, Query, WireFault, bound

_BATCH_ROWS: Final = 16_384
# What is wrong with the warehouse and not with the query.
_OWN_FAULTS: Final = (duckdb.FatalException, duckdb.InternalException, duckdb.IOException)


class Reading:
    """One query. Everything but `interrupt` is called by one thread at a time."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: Query) -> None:
        self._cursor = connection.cursor()
        self._query = query
        self._pieces: pa.RecordBatchReader | None = None
        self._batches: pa.RecordBatchReader | None = None
        self._rows = 0
        self._size = 0

    def start(self) -> pa.Schema:
        """Begin, and return the columns of the result; raises `WireFault`."""
        check_reads(self._cursor, self._query.sql)
        try:
            self._cursor.execute("begin transaction read only")
            # Not `execute`, which would hold the whole result in memory; this one is made as it is fetched.
            relation = self._cursor.sql(self._query.sql, params=bound(self._query.parameters))
            self._pieces = relation.to_arrow_reader(PIECE_ROWS)
            self._batches = gathered(self._pieces, _BATCH_ROWS)
        except duckdb.Error as error:
            raise _explained(error) from None
        return self._batches.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the rows; raises `WireFault`, also when they are more than the query allows."""
        while (batch := self._next()) is not None:
            self._rows += batch.num_rows
            self._size += batch.nbytes
            self._check_size()
            yield batch

    def interrupt(self) -> None:
        """Let what is running end soon; it may have to be said again, because only a running statement hears it."""
        self._cursor.interrupt()

    def close(self) -> None:
        """End the transaction, and let the cursor go."""
        if self._pieces is not None:
            self._pieces.close()
        self._pieces = self._batches = None
        self._cursor.close()

    def _next(self) -> pa.RecordBatch | None:
        if self._batches is None:
            raise RuntimeError("a query is started before its rows are read")
        try:
            return self._batches.read_next_batch()
        except StopIteration:
            return None
        except (duckdb.Error, OSError, pa.ArrowException) as error:
            raise _explained(error) from None

    def _check_size(self) -> None:
        if self._rows > self._query.rows:
            raise WireFault(Fault.TOO_LARGE, f"the result has more than {self._query.rows:,} rows: ask for fewer")
        if self._size > self._query.size:
            raise WireFault(Fault.TOO_LARGE, f"the result has more than {self._query.size:,} bytes: ask for less")


def _explained(error: Exception) -> WireFault:
    text = str(error)
    # Once rows are being fetched, DuckDB's errors come as Arrow's, and only their text tells them apart.
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in text:
        return WireFault(Fault.TOO_LARGE, "the query needs more memory than the warehouse has: ask for less")
    fault = Fault.UNAVAILABLE if isinstance(error, _OWN_FAULTS) else Fault.BAD_QUERY
    return WireFault(fault, text)
