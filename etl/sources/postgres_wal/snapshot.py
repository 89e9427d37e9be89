"""Copies of whole tables by binary COPY, typed by the same code as the stream's rows."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from etl.changes import META, Changes, DeadLetter, Operation, TableShape
from etl.sources.postgres_wal.cells import copied_cells, joined
from etl.sources.postgres_wal.values import Column, column_of
from etl.sources.publication import present_columns

_ROWS: Final = 50_000
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
# Behind the signature flags and the length of what may follow, four bytes each; the second is zero.
_HEADER: Final = len(_SIGNATURE) + 8
_TRAILER: Final = b"\xff\xff"

Part = tuple[Changes | None, list[DeadLetter]]


def copy_table(
    connection: psycopg.Connection, shape: TableShape, position: int, *, low: int | None = None, high: int | None = None
) -> Iterator[Part]:
    """Give a table's rows in parts, as of the connection's transaction, as if committed at the position.

    `low` and `high` restrict the copy to keys from one to the other, both included.
    """
    names = present_columns(connection, shape)
    if not names:
        return
    oids = _type_oids(connection, shape.table)
    where = sql.SQL(" where {key} >= {low} and {key} <= {high}").format(
        key=sql.Identifier(shape.key), low=sql.Literal(low), high=sql.Literal(high)
    )
    query = sql.SQL("copy (select {} from {}{}) to stdout (format binary)").format(
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.Identifier(shape.table),
        where if low is not None and high is not None else sql.SQL(""),
    )
    place = 0
    with connection.cursor() as cursor, cursor.copy(query) as rows:
        for pieces, offsets in _parts(iter(rows)):
            yield _typed(shape, names, oids, pieces, offsets, position, place)
            place += len(pieces)


def count_rows(connection: psycopg.Connection, shape: TableShape) -> int:
    """Return about how many rows a table has, as the source estimates it; 0 where it doesn't know."""
    found = connection.execute(
        "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass(quote_ident(%s))", [shape.table]
    ).fetchone()
    return int(found[0]) if found else 0


def _parts(
    rows: Iterator[bytes | bytearray | memoryview],
) -> Iterator[tuple[list[bytes | bytearray | memoryview], list[int]]]:
    pieces: list[bytes | bytearray | memoryview] = []
    offsets: list[int] = []
    for piece in rows:
        at = _HEADER if bytes(piece[: len(_SIGNATURE)]) == _SIGNATURE else 0
        if piece[at : at + 2] == _TRAILER or len(piece) == at:
            continue
        pieces.append(piece)
        offsets.append(at)
        if len(pieces) == _ROWS:
            yield pieces, offsets
            pieces, offsets = [], []
    if pieces:
        yield pieces, offsets


def _typed(
    shape: TableShape,
    names: list[str],
    oids: dict[str, int],
    pieces: list[bytes | bytearray | memoryview],
    offsets: list[int],
    position: int,
    place: int,
) -> Part:
    buffer, at = joined(pieces, offsets)
    cells = dict(zip(names, copied_cells(buffer, at, len(names)), strict=True))
    count = len(pieces)
    absent = np.zeros(count, dtype=np.bool_)
    columns = {
        column.name: column_of(cells[column.name], oids[column.name], column.type)
        if column.name in cells
        else Column(pa.nulls(count, column.type), absent, "")
        for column in shape.columns
    }
    places = np.arange(place, place + count, dtype=np.int64)
    meta = [
        pa.array(np.full(count, Operation.SNAPSHOT, dtype=np.int8)),
        pa.array(np.full(count, position, dtype=np.int64)),
        pa.array(places),
        pa.array(np.full(count, _now(), dtype=np.int64)).cast(META.field("_committed_at").type),
        columns[shape.key].values,
        pa.nulls(count, pa.int64()),
        pa.array(np.zeros(count, dtype=np.int64)),
    ]
    own = [columns[name].values for name in shape.names]
    records = pa.RecordBatch.from_arrays([*meta, *own], schema=shape.records)
    unfit = np.logical_or.reduce([column.unfit for column in columns.values()])
    dead = []
    for row in np.flatnonzero(unfit).tolist():
        name = next(name for name, column in columns.items() if column.unfit[row])
        key = records.column("_key")[row].as_py()
        raw = bytes(pieces[row][offsets[row] :])
        dead.append(DeadLetter(shape.table, position, int(places[row]), key, name, columns[name].reason, raw))
    if dead:
        records = records.filter(pa.array(~unfit))
    return (Changes(shape.table, records) if records.num_rows else None), dead


def _now() -> int:
    return int(np.datetime64("now", "us").astype(np.int64))


def _type_oids(connection: psycopg.Connection, table: str) -> dict[str, int]:
    return dict(
        connection.execute(
            "select attname, atttypid::bigint from pg_attribute"
            " where attrelid = to_regclass(quote_ident(%s)) and attnum > 0 and not attisdropped",
            [table],
        ).fetchall()
    )
