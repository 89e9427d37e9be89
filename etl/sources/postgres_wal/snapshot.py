"""Copies of whole tables by binary COPY, typed by the same code as the stream's rows."""

import datetime as dt
import time
from collections.abc import Generator, Mapping
from typing import Any, Final

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from etl.changes import META, Changes, DeadLetter, Operation, TableShape
from etl.sources.ahead import ahead
from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.cells import Buffer, Positions, copied_cells
from etl.sources.postgres_wal.drift import landing_name, with_columns_beside
from etl.sources.postgres_wal.values import Column, column_of
from etl.sources.postgres_wal.wire import Block, Wire, begin_copy
from etl.sources.publication import present_columns

_BYTES: Final = 4 * 2**20
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
# Behind the signature flags and the length of what may follow, four bytes each; the second is zero.
_HEADER: Final = len(_SIGNATURE) + 8
_TRAILER: Final = b"\xff\xff"
_PATIENCE_SECONDS: Final = 600.0

_IS_REWRITTEN: Final = """
select count(*) = 0 or coalesce(bool_or(relfilenode <> pg_relation_filenode(oid)), false)
from pg_class, to_regclass(quote_ident(%s)) as root
where oid = root or oid in (select relid from pg_partition_tree(root))
"""

COPIED: Final = "copy"
"""The form of dead letters that came with a copy: the row of a binary COPY."""

Part = tuple[Changes | None, list[DeadLetter]]


def copy_table(
    connection: psycopg.Connection,
    shape: TableShape,
    position: int,
    *,
    low: int | None = None,
    high: int | None = None,
    where: sql.Composable | None = None,
) -> Generator[Part, None, None]:
    """Give a table's rows in parts, as of the connection's transaction, as if committed at the position.

    `low` and `high` restrict the copy to keys from one to the other, both included, `where` by a condition. The
    connection can be used for nothing else before the last part was given; one whose copy is given up is closed.
    SourceGone for a table that was written anew since the transaction's snapshot was made: it would see no rows there.
    """
    names = present_columns(connection, shape) if _hold(connection, shape.table) else []
    if not names:
        return
    oids = _type_oids(connection, shape.table)
    copied = CopiedRows(shape, {name: oids[name] for name in names}, position)
    wire = begin_copy(
        connection.pgconn, _query(shape, names, where or _between(shape, low, high)).as_string(connection)
    )
    try:
        place = 0
        for block in ahead(_blocks(wire)):
            yield copied.typed(block, place)
            place += len(block.starts)
    finally:
        wire.close()
        if not wire.is_over:
            connection.close()


def count_rows(connection: psycopg.Connection, shape: TableShape) -> int:
    """Return about how many rows a table has, as the source estimates it; 0 where it doesn't know."""
    found = connection.execute(
        "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass(quote_ident(%s))", [shape.table]
    ).fetchone()
    return int(found[0]) if found else 0


def _hold(connection: psycopg.Connection, table: str) -> bool:
    """Keep a table as it is until the transaction ends; False where there is none, SourceGone where it is too late."""
    if connection.execute("select to_regclass(quote_ident(%s))", [table]).fetchone() == (None,):
        return False
    # What `lock table … in access share mode` takes, for whom may read some of the columns only, too.
    try:
        connection.execute(sql.SQL("select from {} limit 0").format(sql.Identifier(table)))
    except psycopg.Error as error:
        raise SourceGone(error.diag.message_primary or "the connection to the source ended") from None
    # The catalogue is read as the transaction sees it, the function tells what is there now.
    found = connection.execute(_IS_REWRITTEN, [table]).fetchone()
    if found and found[0]:
        raise SourceGone(f"{table} was rewritten before it was copied: the copy is begun anew")
    return True


def _between(shape: TableShape, low: int | None, high: int | None) -> sql.Composable | None:
    if low is None or high is None:
        return None
    key = sql.Identifier(shape.key)
    return sql.SQL("{key} >= {low} and {key} <= {high}").format(key=key, low=sql.Literal(low), high=sql.Literal(high))


def _query(shape: TableShape, names: list[str], where: sql.Composable | None) -> sql.Composed:
    return sql.SQL("copy (select {} from {} where {}) to stdout (format binary)").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(shape.table), where or sql.SQL("true")
    )


def _blocks(wire: Wire) -> Generator[Block, None, None]:
    """Give rows, some megabytes at a time."""
    while (block := wire.read(_PATIENCE_SECONDS, _BYTES)) is not None:
        if len((rows := _rows(block)).starts):
            yield rows
    if not wire.is_over:
        raise SourceGone("the source has stopped sending a table")


def _rows(block: Block) -> Block:
    """Return a block without the header, which is a part of the first message or one itself, and the trailer."""
    starts = block.starts
    if block.data.startswith(_SIGNATURE, int(starts[0])):
        starts = starts.copy()
        starts[0] += _HEADER
    is_row = block.ends - starts > len(_TRAILER)
    return Block(block.data, starts[is_row], block.ends[is_row])


class CopiedRows:
    """What the rows of a copy have in common: `oids` are the columns that come, in order, with their types."""

    def __init__(self, declared: TableShape, oids: Mapping[str, int], position: int) -> None:
        self.shape = with_columns_beside(declared, oids.items())
        self._oids = oids
        self._position = position
        self._names = [landing_name(declared, name, oid) for name, oid in oids.items()]
        absent = [name not in self._names for name in self.shape.names]
        # What the source has not stays as it is known.
        self._unsent = sum(1 << bit for bit, is_absent in enumerate(absent) if is_absent)

    def typed(self, block: Block, place: int) -> Part:
        """Return rows as changes, and what is unfit; `place` is how many came before."""
        columns = self._columns(block)
        places = np.arange(place, place + len(block.starts), dtype=np.int64)
        records = self._records(columns, places)
        unfit = np.logical_or.reduce([column.unfit for column in columns.values()])
        dead: list[DeadLetter] = []
        if unfit.any():
            dead = [self._letter(block, columns, row, place + row) for row in np.flatnonzero(unfit).tolist()]
            records = records.filter(pa.array(~unfit))
        return (Changes(self.shape.table, records) if records.num_rows else None), dead

    def _columns(self, block: Block) -> dict[str, Column]:
        cells = copied_cells(Buffer(block.data), block.starts, len(self._names))
        declared = {column.name: column.type for column in self.shape.columns}
        found = {
            name: column_of(one, oid, declared[name])
            for name, oid, one in zip(self._names, self._oids.values(), cells, strict=True)
            if name in declared
        }
        count = len(block.starts)
        absent = {
            name: Column(pa.nulls(count, kind), np.zeros(count, dtype=np.bool_), "")
            for name, kind in declared.items()
            if name not in found
        }
        return found | absent

    def _records(self, columns: dict[str, Column], places: Positions) -> pa.RecordBatch:
        count = len(places)
        meta = [
            _repeated(int(Operation.SNAPSHOT), count, "_op"),
            _repeated(self._position, count, "_commit_lsn"),
            pa.array(places),
            _repeated(time.time_ns() // 1000, count, "_committed_at"),
            columns[self.shape.key].values,
            pa.nulls(count, pa.int64()),
            _repeated(self._unsent, count, "_unchanged"),
        ]
        own = [columns[name].values for name in self.shape.names]
        return pa.RecordBatch.from_arrays([*meta, *own], schema=self.shape.records)

    def _letter(self, block: Block, columns: dict[str, Column], row: int, place: int) -> DeadLetter:
        name = next(name for name, column in columns.items() if column.unfit[row])
        key = columns[self.shape.key].values[row].as_py()
        raw = block.data[block.starts[row] : block.ends[row]]
        return DeadLetter(
            *(self.shape.table, self._position, place, key, name, columns[name].reason_of(row), raw),
            operation=Operation.SNAPSHOT,
            committed_at=dt.datetime.now(dt.UTC),
            form=COPIED,
            columns=tuple(self._oids.items()),
        )


def _repeated(value: Any, count: int, name: str) -> pa.Array:
    return pa.repeat(pa.scalar(value, META.field(name).type), count)


def _type_oids(connection: psycopg.Connection, table: str) -> dict[str, int]:
    return dict(
        connection.execute(
            "select attname, atttypid::bigint from pg_attribute"
            " where attrelid = to_regclass(quote_ident(%s)) and attnum > 0 and not attisdropped",
            [table],
        ).fetchall()
    )
