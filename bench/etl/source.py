"""The operational database that the ETL is measured on: embedded as users have it, with the entities' tables."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import psutil
import psycopg

from app import migration
from app.embedded import inspect, open_stack
from bench.database import Report
from bench.places import ETL_DATA
from etl.changes import TableShape, table_shapes
from etl.sources.postgres_wal.slot import NewSlot, drop_slot
from etl.sources.publication import publish
from schema.entities import ENTITIES

PUBLICATION: Final = "bench"
SHAPES: Final[dict[str, TableShape]] = {shape.table: shape for shape in table_shapes(ENTITIES)}
_DATABASE: Final = "bench_etl"
_SLOT: Final = "bench_first"


@dataclass(frozen=True)
class Operational:
    """The database, and the process that all of its server's others are children of."""

    url: str = field(repr=False)
    pid: int

    def connect(self) -> psycopg.Connection:
        """Connect as one whose writes are neither checked nor waited for: filling tables is not what is measured."""
        connection = psycopg.connect(self.url, autocommit=True)
        connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        return connection

    def processor_seconds(self) -> float:
        """Return what all processes of the server have used, those that have ended too."""
        main = psutil.Process(self.pid)
        ended = main.cpu_times()
        running = 0.0
        for process in (main, *main.children()):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                running += times.user + times.system
        return float(running + ended.children_user + ended.children_system)


@contextlib.contextmanager
def operational(report: Report) -> Iterator[Operational]:
    """Give a new database, migrated and empty, whose tables are published."""
    with open_stack(ETL_DATA, owner="make bench-etl", parts=["postgres"], report=report) as stack:
        owner = stack.endpoints.owner_url
        url = f"{owner.rpartition('/')[0]}/{_DATABASE}"
        _drop(owner)
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(f"create database {_DATABASE}")
        try:
            migration.upgrade(url, report=lambda _: None)
            with psycopg.connect(url, autocommit=True) as connection:
                publish(connection, PUBLICATION, SHAPES.values())
            yield Operational(url, inspect(ETL_DATA).servers["postgres"].pid)
        finally:
            _drop(owner)


@dataclass(frozen=True)
class Backlog:
    """What was written and not read yet: `changes` of them between the positions, in one slot after another."""

    changes: int
    begin: int
    end: int

    @contextlib.contextmanager
    def slot(self, database: Operational, name: str) -> Iterator[str]:
        """Give a slot that stands before the backlog, whoever read it before."""
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("select pg_copy_logical_replication_slot(%s, %s)", [_SLOT, name])
            try:
                yield name
            finally:
                _drop_slot(connection, name)


@contextlib.contextmanager
def before_writing(database: Operational) -> Iterator[int]:
    """Give the position from which everything that is written within the context is kept."""
    with NewSlot(database.url, _SLOT) as made:
        position = made.position
    try:
        yield position
    finally:
        with psycopg.connect(database.url, autocommit=True) as connection:
            _drop_slot(connection, _SLOT)


def log_end(connection: psycopg.Connection) -> int:
    """Return the LSN that the source's log has reached on its disk, with everything that was committed before."""
    with connection.transaction():
        connection.execute("set local synchronous_commit = on")
        connection.execute("select pg_logical_emit_message(true, 'bench', '')")
    found = connection.execute("select (pg_current_wal_flush_lsn() - '0/0')::bigint").fetchone()
    return int(found[0]) if found else 0


def _drop_slot(connection: psycopg.Connection, name: str) -> None:
    connection.execute(
        "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = %s", [name]
    )
    drop_slot(connection, name)


def _drop(owner: str) -> None:
    with psycopg.connect(owner, autocommit=True) as connection:
        for (name,) in connection.execute(
            "select slot_name from pg_replication_slots where database = %s", [_DATABASE]
        ).fetchall():
            _drop_slot(connection, name)
        connection.execute(f"drop database if exists {_DATABASE} with (force)")
