"""Source and warehouse compared at one place of the log, while both go on being written.

A temporary slot gives a snapshot of the source together with its LSN: the snapshot sees exactly what was committed up
to there. The warehouse's log says what a table was at that LSN, however far it has come since. Both sides count and
hash their rows in ranges of keys, each where the rows are; only counts and hashes are compared.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import duckdb
import psycopg
import pyarrow as pa

from etl.changes import Operation, TableShape
from etl.quality.check import Check, Finding, Kind, failed, judged
from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.heartbeats import beat
from etl.sources.postgres_wal.slot import NewSlot
from etl.worker.source import Source

RANGE: Final = 10_000
"""Keys of a range: what differs is told by its ranges, and never by its values."""

_PATIENCE: Final = 30.0
_PAUSE: Final = 0.05
_NAMED: Final = 5

Ranges = Mapping[int, tuple[int, int]]
"""Rows and the sum of their hashes, by range of keys."""


class NotReached(Exception):
    """The warehouse did not come to the source's place in the log; the text says what to do."""


@dataclass(frozen=True)
class Difference:
    """A range of keys, its first and its last, whose rows differ."""

    low: int
    high: int
    source_rows: int
    warehouse_rows: int


def check_reconciliation(
    source: Source,
    warehouse: duckdb.DuckDBPyConnection,
    shapes: Sequence[TableShape],
    position: Callable[[], int | None],
) -> Iterator[Finding]:
    """Compare every table at one LSN; `position` tells up to where the warehouse has everything."""
    checks = {shape.table: Check(Kind.RECONCILIATION, f"raw.{shape.table}") for shape in shapes}
    try:
        with _snapshot(source) as (connection, lsn):
            theirs = {shape.table: _of_source(connection, shape) for shape in shapes}
            _wait_for(source, lsn, position)
    except (NotReached, SourceGone, psycopg.Error, OSError) as error:
        is_told = isinstance(error, NotReached | SourceGone)
        reason = str(error) if is_told else f"the source: {type(error).__name__}"
        yield from (failed(check, reason) for check in checks.values())
        return
    for shape in shapes:
        ours = _of_warehouse(warehouse, shape, lsn)
        yield _compared(checks[shape.table], theirs[shape.table], ours)


def differences(theirs: Ranges, ours: Ranges) -> list[Difference]:
    """Return the ranges in which source and warehouse have other rows."""
    return [
        Difference(one * RANGE, one * RANGE + RANGE - 1, theirs.get(one, (0, 0))[0], ours.get(one, (0, 0))[0])
        for one in sorted(theirs.keys() | ours.keys())
        if theirs.get(one) != ours.get(one)
    ]


def _compared(check: Check, theirs: Ranges, ours: Ranges) -> Finding:
    found = differences(theirs, ours)
    ranges = [f"{one.low}..{one.high} ({one.source_rows} rows, here {one.warehouse_rows})" for one in found[:_NAMED]]
    more = f" and {len(found) - _NAMED} ranges more" if len(found) > _NAMED else ""
    detail = f"keys {', '.join(ranges)}{more}" if found else None
    return judged(check, max(_rows(theirs), _rows(ours)), len(found), detail)


def _rows(ranges: Ranges) -> int:
    return sum(rows for rows, _ in ranges.values())


@contextmanager
def _snapshot(source: Source) -> Iterator[tuple[psycopg.Connection, int]]:
    """Give a connection that sees exactly what was committed up to an LSN, and the LSN."""
    name = f"{source.slot[:50]}_{os.urandom(4).hex()}"
    with NewSlot(source.url, name, is_temporary=True) as slot, source.connect() as connection:
        slot.adopt(connection)
        yield connection, slot.position


def _wait_for(source: Source, lsn: int, position: Callable[[], int | None]) -> None:
    with source.connect() as connection:
        # Where nobody writes, the log doesn't go on by itself.
        beat(connection, as_commit=True)
    deadline = time.monotonic() + _PATIENCE
    while (position() or 0) < lsn:
        if time.monotonic() > deadline:
            raise NotReached(
                f"the warehouse is behind the source for more than {_PATIENCE:.0f} s: is its worker running?"
            )
        time.sleep(_PAUSE)


def _of_source(connection: psycopg.Connection, shape: TableShape) -> Ranges:
    texts = [_source_text(f'"{column.name}"', column.type) for column in shape.columns]
    row = f"concat_ws(chr(31), {', '.join(texts)})"
    hashed = f"('x' || substr(md5({row}), 1, 15))::bit(60)::bigint"
    query = f'select "{shape.key}" / {RANGE}, count(*), sum({hashed}) from "{shape.table}" group by 1'
    return {int(one): (int(rows), int(total)) for one, rows, total in connection.execute(query.encode()).fetchall()}


def _of_warehouse(connection: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int) -> Ranges:
    texts = [_warehouse_text(f'"{column.name}"', column.type) for column in shape.columns]
    row = f"concat_ws(chr(31), {', '.join(texts)})"
    hashed = f"('0x' || md5({row})[1:15])::bigint"
    query = f"""
    select "{shape.key}" // {RANGE}, count(*), sum({hashed}) from ({_as_of(shape, lsn)}) group by 1
    """
    found = connection.cursor().execute(query).fetchall()
    return {int(one): (int(rows), int(total)) for one, rows, total in found}


def _as_of(shape: TableShape, lsn: int) -> str:
    """Return a query of a table as it was at an LSN.

    What the log knows of a row up to there is its newest change. What it knows nothing of is in the base: the log is
    kept for longer than a row of the base stays behind it.
    """
    table, names = f"raw.{shape.table}", ", ".join(f'"{name}"' for name in shape.names)
    emptied = f"""
    select max(row(_commit_lsn, _seq)) from {table}__log where _op = {Operation.TRUNCATE:d} and _commit_lsn <= {lsn}
    """
    return f"""
    select {names} from (
      select * from {table}__log
      where _commit_lsn <= {lsn} and _op <> {Operation.TRUNCATE:d}
        and coalesce(row(_commit_lsn, _seq) > ({emptied}), true)
      qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc, _load_id desc) = 1
    ) where _op <> {Operation.DELETE:d}
    union all
    select {names} from {table}__base
    where "{shape.key}" not in (select _key from {table}__log where _key is not null) and ({emptied}) is null
    """


def _source_text(name: str, kind: pa.DataType) -> str:
    """Return a value as both databases write it; a null is a character that no value is."""
    text = f"{name}::text"
    if pa.types.is_timestamp(kind):
        micros = f"(extract(epoch from {name}) * 1000000)::bigint::text"
        text = f"case when isfinite({name}) then {micros} else {text} end"
    elif pa.types.is_boolean(kind):
        text = f"{name}::int::text"
    return f"coalesce({text}, chr(30))"


def _warehouse_text(name: str, kind: pa.DataType) -> str:
    text = f"{name}::varchar"
    if pa.types.is_timestamp(kind):
        text = f"case when isfinite({name}) then epoch_us({name})::varchar else {text} end"
    elif pa.types.is_boolean(kind):
        text = f"{name}::int::varchar"
    return f"coalesce({text}, chr(30))"
