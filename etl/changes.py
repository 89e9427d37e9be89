"""The change log as every part of the ETL passes it on: batches of typed changes, and the shapes of the tables.

The order of changes is `(commit_lsn, seq)` everywhere, never a time: two transactions may carry the same moment, and a
row's own times are whatever its writer said.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from schema.entity import Entity, Field


class Operation(IntEnum):
    """What happened to a row. `SNAPSHOT` is a row that was copied, not changed; `TRUNCATE` has no row."""

    INSERT = 1
    UPDATE = 2
    DELETE = 3
    TRUNCATE = 4
    SNAPSHOT = 5


META: Final = pa.schema(
    [
        pa.field("_op", pa.int8(), nullable=False),
        pa.field("_commit_lsn", pa.int64(), nullable=False),
        pa.field("_seq", pa.int64(), nullable=False),
        pa.field("_committed_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("_key", pa.int64()),
        pa.field("_old_key", pa.int64()),
        pa.field("_unchanged", pa.int64(), nullable=False),
    ]
)
"""What stands before a table's own columns in `Changes.records`.

`_seq` is the ordinal of the change within the stream's order. `_key` is the row's primary key, null for a TRUNCATE.
Bit i of `_unchanged` says that the i-th own column was not sent, because it is long and did not change; it is null
here. A changed key comes as two rows: a DELETE of the old key, then an INSERT of the new one whose `_old_key` says
where its unsent values are.
"""

UNSENT_BITS: Final = 63
"""How many own columns `_unchanged` can speak of."""

ARROW: Final = "arrow"
"""The form of a dead letter whose change was typed, but needs a value of an earlier one: Arrow's stream format."""

COPY_BEGINS: Final = -1
COPY_ENDS: Final = 2**62
"""The `_seq` of the TRUNCATEs that are the marks around a whole table's copy; the rows are numbered from 0."""


@dataclass(frozen=True)
class ColumnShape:
    """A column as it lands: its Arrow type, and whether it holds personal data.

    `formerly` is the name under which the column landed before it was renamed.
    """

    name: str
    type: pa.DataType
    nullable: bool
    description: str
    personal: bool = False
    formerly: str | None = None


@dataclass(frozen=True)
class TableShape:
    """A table as it lands. `partition` is the column by whose day it is laid out, `cluster` what orders it within."""

    table: str
    columns: tuple[ColumnShape, ...]
    key: str = "id"
    partition: str | None = None
    cluster: tuple[str, ...] = ()
    description: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def own(self) -> pa.Schema:
        """The schema of the table's own columns; all of them can be null, as in the row of a deletion."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    @property
    def records(self) -> pa.Schema:
        """The schema of `Changes.records`."""
        return pa.schema([*META, *self.own])


@dataclass(frozen=True)
class Changes:
    """Changes of one table in order; `records` has the columns of `TableShape.records`."""

    table: str
    records: pa.RecordBatch


@dataclass(frozen=True)
class DeadLetter:
    """A change that can't be cast: `raw` is what came; `reason` never quotes it.

    What follows `raw` is for reading it again: the form in which it came, and the columns as the source told them, each
    with the number of its type.
    """

    table: str
    commit_lsn: int
    seq: int
    key: int | None
    column: str
    reason: str
    raw: bytes
    operation: Operation = Operation.INSERT
    old_key: int | None = None
    committed_at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    form: str = ""
    columns: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SchemaChange:
    """From here on a table has this shape, or the source has other columns for it: what was not changed is unknown."""

    shape: TableShape


@dataclass(frozen=True)
class CopyAgain:
    """Somebody asks that a table be copied again, or its rows whose keys are from `low` to `high`; `id` says who."""

    table: str
    id: str
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class CopiedColumns:
    """What columns the source had, each with its type, in the copy of a whole table as of an LSN."""

    table: str
    lsn: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Heartbeat:
    """The source lives: its log had reached `lsn` at that moment."""

    lsn: int
    at: dt.datetime


@dataclass(frozen=True)
class Erase:
    """Personal data of a row has to go from everywhere, from history too, as far as it was committed before `lsn`."""

    table: str
    key: int
    lsn: int = 2**63 - 1


Control = SchemaChange | CopyAgain | CopiedColumns | Heartbeat | Erase


@dataclass(frozen=True)
class Batch:
    """What a source hands on at once.

    Every commit up to and including the LSN `through` is in this batch or an earlier one; it is the checkpoint. Rows
    that were committed after `through` are part of a large transaction whose end has not come yet, which `is_partial`
    tells; they are not to be seen before a batch comes whose `through` reaches their commit.
    """

    through: int
    changes: Sequence[Changes] = ()
    dead: Sequence[DeadLetter] = ()
    control: Sequence[Control] = field(default=())
    is_partial: bool = False


def copy_begins(shape: TableShape, lsn: int) -> Changes:
    """Return the mark before the first row of a whole table's copy as of an LSN: what is not in the copy goes."""
    return _mark(shape, lsn, COPY_BEGINS)


def copy_ends(shape: TableShape, lsn: int) -> Changes:
    """Return the mark behind the last row of a whole table's copy, which is not seen before it came."""
    return _mark(shape, lsn, COPY_ENDS)


def _mark(shape: TableShape, lsn: int, seq: int) -> Changes:
    now = dt.datetime.now(dt.UTC)
    mark = {"_op": Operation.TRUNCATE, "_commit_lsn": lsn, "_seq": seq, "_unchanged": 0, "_committed_at": now}
    return Changes(shape.table, pa.RecordBatch.from_pylist([mark], shape.records))


def table_shapes(entities: Iterable[type[Entity]]) -> tuple[TableShape, ...]:
    """Return the shapes of those entities that land in the warehouse, in the entities' order."""
    return tuple(_shape(entity) for entity in entities if entity.__declaration__.warehouse is not None)


def _shape(entity: type[Entity]) -> TableShape:
    table = entity.__table__
    landing = entity.__declaration__.warehouse
    columns = tuple(_column(column) for column in table.columns if "policy" not in column.info)
    if len(columns) > UNSENT_BITS:
        raise TypeError(f"{table.name} has {len(columns)} columns: no more than {UNSENT_BITS} can land")
    return TableShape(
        table=table.name,
        columns=columns,
        key=next(iter(table.primary_key.columns)).name,
        partition=landing.partition if landing else None,
        cluster=landing.cluster if landing else (),
        description=" ".join((entity.__doc__ or "").split()),
    )


def _column(column: sa.Column[Any]) -> ColumnShape:
    said: Field = column.info.get("field", Field())
    return ColumnShape(column.name, arrow_type(column.type), bool(column.nullable), column.comment or "", said.pii)


_TYPES: Final[tuple[tuple[type[sa.types.TypeEngine[Any]], pa.DataType], ...]] = (
    (sa.BigInteger, pa.int64()),
    (sa.Integer, pa.int32()),
    (sa.Boolean, pa.bool_()),
    (sa.DateTime, pa.timestamp("us", "UTC")),
    (sa.Date, pa.date32()),
    (JSONB, pa.string()),
    (sa.Text, pa.string()),
)


def arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """Return the Arrow type in which values of a column's SQL type land; JSON lands as its text."""
    if isinstance(kind, sa.Numeric) and kind.precision is not None:
        return pa.decimal128(kind.precision, kind.scale or 0)
    for sql_type, arrow in _TYPES:
        if isinstance(kind, sql_type):
            return arrow
    raise TypeError(f"the SQL type {kind} has no Arrow type to land as")
