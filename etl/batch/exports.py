"""The job that writes a table or mart as Parquet: `export`, with `name`, `to`, `partition` and `personal`."""

import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from etl.batch.history import History, Kind
from etl.batch.jobs import JobRefused, Tell, Words
from etl.changes import table_shapes
from etl.warehouses.tables import Tables
from schema.entities import ENTITIES

_MOST_PARTITIONS: Final = 4_000
_SHAPES: Final = {shape.table: shape for shape in table_shapes(ENTITIES)}
_PERSONAL: Final = frozenset(column.name for shape in _SHAPES.values() for column in shape.columns if column.personal)
# The bytes of a whole row.
_LETTER: Final = ("raw.dead_letter", "raw")


@dataclass(frozen=True)
class Exported:
    """What an export takes: the table by its whole name, the columns that go, and the personal ones that stay."""

    tables: Tables
    table: str
    columns: tuple[str, ...]
    left_out: tuple[str, ...]

    @contextmanager
    def rows(self) -> Iterator[pa.RecordBatchReader]:
        """Give its rows, all of one state of the warehouse."""
        with self.tables.rows(self.table, self.columns) as reader:
            yield reader.cast(pa.schema([field.with_type(_told_in_utc(field.type)) for field in reader.schema]))


class ExportJob:
    """Writes tables of a warehouse, each from one state of it, and whole or not at all."""

    def __init__(self, tables: Sequence[Tables], history: History) -> None:
        self._tables = tables
        self._history = history

    def __call__(self, arguments: Words, _tell: Tell) -> Words:
        """Export; the outcome tells where to, how many rows, and which columns were left out."""
        partition = arguments.get("partition")
        with self._history.noted(Kind.EXPORT, str(arguments.get("origin") or "command")) as note:
            chosen = choose(self._tables, str(arguments["name"]), with_personal=bool(arguments.get("personal")))
            target = _target(Path(str(arguments["to"])), chosen, is_folder=partition is not None)
            rows = _write_file(chosen, target) if partition is None else _write_folder(chosen, target, str(partition))
            personal = [column for column in chosen.columns if is_personal(chosen.table, column)]
            note.ended(good=True, rows=rows, detail=" ".join([chosen.table, *(f"with {name}" for name in personal)]))
        return {"to": str(target), "rows": rows, "table": chosen.table, "left_out": list(chosen.left_out)}


def is_personal(table: str, column: str) -> bool:
    """Tell whether a column holds personal data: by the name that it has in an entity, wherever it stands.

    `email__text`, beside a column whose type the source changed, is as personal as it. Of a raw table's column that is
    no longer declared nobody says that it is not.
    """
    name = column.partition("__")[0]
    shape = _SHAPES.get(table.removeprefix("raw.").partition("__")[0]) if table.startswith("raw.") else None
    is_undeclared = shape is not None and not column.startswith("_") and name not in shape.names
    return name in _PERSONAL or is_undeclared or (table, column) == _LETTER


def choose(several: Sequence[Tables], name: str, *, with_personal: bool) -> Exported:
    """Find a table by `marts.customer_360` or `customer_360`, and the columns of it that may leave."""
    layer = name.partition(".")[0]
    # A raw table of the journal is not to wait for BigQuery.
    asked = [tables for tables in several if layer in tables.layers] or several
    found = [(table, tables) for tables in asked for table in tables.names()]
    chosen = next((one for one in found if name in (one[0], one[0].partition(".")[2])), None)
    if chosen is None:
        there = ", ".join(table for table, _ in found) or "none, it is empty"
        raise JobRefused(f"there is no {name} in the warehouse: name one of {there}")
    table, tables = chosen
    names = tables.columns(table)
    left_out = tuple(column for column in names if is_personal(table, column) and not with_personal)
    return Exported(tables, table, tuple(column for column in names if column not in left_out), left_out)


def _target(to: Path, chosen: Exported, *, is_folder: bool) -> Path:
    if not to.is_absolute():
        raise JobRefused(f"{to} is no absolute path")
    if is_folder:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise JobRefused(f"{to} is there already: name a new or empty folder for the partitions")
        return to
    return to / f"{chosen.table.partition('.')[2]}.parquet" if to.is_dir() else to


def _write_file(chosen: Exported, target: Path) -> int:
    with _in_place_of(target) as scratch, chosen.rows() as reader:
        rows = 0
        with pq.ParquetWriter(scratch, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
    return rows


def _write_folder(chosen: Exported, target: Path, partition: str) -> int:
    if partition not in chosen.columns:
        raise JobRefused(f"{chosen.table} has no column {partition} to partition by: {', '.join(chosen.columns)}")
    rows, values = chosen.tables.distinct(chosen.table, partition)
    if values > _MOST_PARTITIONS:
        raise JobRefused(f"{partition} has {values:,} values: partition by a column with at most {_MOST_PARTITIONS:,}")
    with _in_place_of(target) as scratch, chosen.rows() as reader:
        # A table without rows makes an empty folder.
        scratch.mkdir()
        written: list[int] = []
        ds.write_dataset(
            reader,
            scratch,
            format="parquet",
            partitioning=ds.partitioning(pa.schema([reader.schema.field(partition)]), flavor="hive"),
            max_partitions=_MOST_PARTITIONS + 1,
            file_visitor=lambda file: written.append(file.metadata.num_rows),
        )
    return sum(written) or rows


def _told_in_utc(kind: pa.DataType) -> pa.DataType:
    """Return a type whose times are told in UTC, whatever the zone of the session was."""
    return pa.timestamp(kind.unit, "UTC") if pa.types.is_timestamp(kind) and kind.tz else kind


@contextmanager
def _in_place_of(target: Path) -> Iterator[Path]:
    """Give a path beside the target that takes its place at the end; nothing is left of it where writing fails."""
    if not target.parent.is_dir():
        raise JobRefused(f"there is no folder {target.parent}: make it first")
    scratch = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        yield scratch
        if target.is_dir():
            target.rmdir()
        scratch.replace(target)
    except OSError as error:
        if error.errno is None:
            # Not a file's: the rows could not be read.
            raise
        raise JobRefused(f"{target} can't be written: {error.strerror}") from error
    finally:
        if scratch.is_dir():
            shutil.rmtree(scratch)
        scratch.unlink(missing_ok=True)
