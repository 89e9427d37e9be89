"""What the warehouse has of the tables, as fingerprints: what is read again and is the same is no change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl.changes import TableShape


@dataclass(frozen=True)
class Difference:
    """Those rows that are new or other than they were: their places, and which of them are new."""

    places: NDArray[np.int64]
    is_new: NDArray[np.bool_]


@dataclass(frozen=True)
class KeyDifference:
    """Keys that are gone, and keys of rows that have to be read: they are new, or say another time of change."""

    gone: list[int]
    other: list[int]


class Delivered:
    """Keeps 24 bytes a row: the key, a hash of the values, and when the row says that it was changed."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("set timezone = 'UTC'")

    def learn(self, shape: TableShape, stamp: str | None, parts: Iterable[pa.RecordBatch]) -> None:
        """Take a table as the warehouse has it, a part at a time."""
        rows = pa.RecordBatchReader.from_batches(shape.own, (part.cast(shape.own) for part in parts))
        self._with(rows, f"create or replace table {_name(shape)} as {_prints(shape, stamp, shape.key)}")

    def difference(self, shape: TableShape, stamp: str | None, records: pa.RecordBatch) -> Difference:
        """Compare rows with what was delivered, and count them as delivered from now on.

        `records` has the columns of `TableShape.records`; a place is the number of a row in it.
        """
        table = _name(shape)
        numbered = pa.Table.from_batches([records]).append_column("place", pa.array(np.arange(records.num_rows)))
        found = self._with(
            numbered,
            f"""
            create or replace temp table found as
            select part.*, known.key is null as is_new
            from ({_prints(shape, stamp, "_key", "place")}) as part left join {table} as known using (key)
            where known.print is distinct from part.print;
            delete from {table} where key in (select key from found);
            insert into {table} by name select key, print, stamp from found;
            select place, is_new from found order by place
            """,
        )
        return Difference(found["place"], found["is_new"])

    def compare_keys(self, shape: TableShape, stamp: str | None, rows: pa.Table) -> KeyDifference:
        """Compare all keys of the source's table, with their stamps, and count those that are gone as delivered."""
        table, value = _name(shape), "null" if stamp is None else f'"{stamp}"'
        parts = f'select "{shape.key}" as key, {value} as stamp from part'
        gone = self._with(rows, f"select key from {table} where key not in (select key from ({parts})) order by key")
        other = self._with(
            rows,
            f"""
            select source.key from ({parts}) as source left join {table} as known using (key)
            where known.key is null or known.stamp is distinct from source.stamp order by source.key
            """,
        )
        self._connection.execute(f"delete from {table} where key in (select unnest($1))", [gone["key"].tolist()])
        return KeyDifference(gone["key"].tolist(), other["key"].tolist())

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _with(self, part: pa.Table | pa.RecordBatchReader, statements: str) -> dict[str, Any]:
        """Run statements that read `part`, and return the columns of the last one's result."""
        self._connection.register("part", part)
        try:
            return self._connection.execute(statements).fetchnumpy()
        finally:
            self._connection.unregister("part")


def _prints(shape: TableShape, stamp: str | None, key: str, *others: str) -> str:
    values = ", ".join(f'"{name}"' for name in shape.names)
    kept = "".join(f', "{name}"' for name in others)
    value = "null::timestamptz" if stamp is None else f'"{stamp}"'
    return f'select "{key}" as key, hash({values}) as print, {value} as stamp{kept} from part'


def _name(shape: TableShape) -> str:
    return f'"{shape.table}"'
