"""A table of the source and its copy in the warehouse, with a worker between them."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from etl.changes import TableShape
from tests.etl.command_table import COMMAND_TABLE
from tests.etl.sources.recording import shape_of
from tests.etl.worker.working import Work, forget, source_of

LONG = "(select string_agg(md5((%s + n)::text), '') from generate_series(1, 100) n)"
"""A text of 3,200 characters that depends on a number; it is stored apart, and not sent where it did not change."""

THINGS = """
create table things (id bigint primary key, n integer, amount numeric(14,2), at timestamptz, day date, note text);
alter table things alter note set storage external;
"""


SHAPE = shape_of(
    "things",
    id=pa.int64(),
    n=pa.int32(),
    amount=pa.decimal128(14, 2),
    at=pa.timestamp("us", "UTC"),
    day=pa.date32(),
    note=pa.string(),
)


class Pair:
    """Runs a worker on tables of a database; `shapes` can be others after it was stopped."""

    def __init__(self, url: str, folder: Path, tables: str = THINGS, shapes: Sequence[TableShape] = (SHAPE,)) -> None:
        self.url = url
        self.path = folder / "warehouse.duckdb"
        self.source = source_of(url)
        self.connection = psycopg.connect(url, autocommit=True)
        self.run("set timezone = 'UTC'")
        self.run(COMMAND_TABLE, tables)
        self.shapes = tuple(shapes)
        self.work: Work | None = None
        # Where changes wait while the warehouse can't be reached, if they do.
        self.spill: Path | None = None

    def run(self, *statements: str) -> None:
        """Execute statements at the source, each a transaction of its own."""
        for statement in statements:
            self.connection.execute(statement)

    def unstarted(self) -> Work:
        """Return a worker that does nothing yet."""
        return Work(self.source, self.path, self.shapes, self.spill)

    def start(self, *shapes: TableShape) -> Work:
        """Start a worker, with other shapes if some are given, and wait until it streams."""
        self.shapes = shapes or self.shapes
        self.work = self.unstarted()
        self.work.start()
        assert self.work.pipeline.standing.wait_until_streaming(60), self.work.pipeline.standing.fault
        return self.work

    def stop(self) -> None:
        """End the worker."""
        if self.work is not None:
            self.work.stop()
            self.work = None

    def close(self) -> None:
        """End everything, and let the source forget the slot."""
        self.stop()
        self.connection.close()
        forget(self.source)

    def in_step(self, table: str = "things") -> None:
        """Wait until the worker has caught up, and compare the hashes of both sides, before and after compaction."""
        assert self.work is not None
        self.work.caught_up()
        expected = self.expected(table)
        assert self.found(table) == expected
        self.work.warehouse.compact(table)
        assert self.found(table) == expected

    def expected(self, table: str = "things") -> str:
        """Return the hash of a table at the source."""
        names = ", ".join(f'"{name}"' for name in self._names(table))
        return _hash(self.connection.execute(f"select {names} from {table}"))

    def found(self, table: str = "things") -> str:
        """Return the hash of a table in the warehouse."""
        names = ", ".join(f'"{name}"' for name in self._names(table))
        return _hash(self.query(f"select {names} from raw.{table}"))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        assert self.work is not None
        return self.work.rows(statement)

    def _names(self, table: str) -> tuple[str, ...]:
        return next(shape.names for shape in self.shapes if shape.table == table)


def _hash(rows: Iterable[tuple[Any, ...]]) -> str:
    digests = sorted(hashlib.sha256(repr(_plain(row)).encode()).digest() for row in rows)
    return f"{len(digests)} rows, {hashlib.sha256(b''.join(digests)).hexdigest()}"


def _plain(row: tuple[Any, ...]) -> tuple[str | None, ...]:
    """Return values as texts; a number is the same whatever its scale."""
    return tuple(
        None if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        for value in row
    )
