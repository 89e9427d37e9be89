"""What an audit record costs: processor time from the answer until it is in the database, there and in the gateway."""

import asyncio
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
from psycopg import sql
from rich.table import Table

from app import migration
from app.audit.anchors import Anchors
from app.audit.recording import RecordingExecutor
from app.audit.shipping import Shipping
from bench.database import Measured
from bench.shapes.experiment import processor_ms
from resolvers.access import Access, Coordinates
from resolvers.answers import Answer
from resolvers.engine import Operation
from security.principal import Principal
from security.roles import Role

_NAME: Final = "bench_audit"
_SUBJECTS: Final = 500
_SIZES: Final = (750, 100)
"""Records that a quarter of a second brings, at 3,000 requests a second and at 400."""
_NAMES: Final = (
    "Category.name Product.category Product.databaseId Product.id Product.manufacturer Product.name Product.status "
    "Query.product Supplier.id Supplier.name"
)


@dataclass(frozen=True)
class Cost:
    """Medians over batches: microseconds of processor time a record, and bytes of it in the log and in the table."""

    recording: float
    shipping: float
    database: float
    log_bytes: float
    table_bytes: float


async def table(database: Measured, batches: int) -> Table:
    """Return what records cost, small ones and such with the rows of a page, in large batches and in small ones."""
    shown = Table(title="An audit record: processor time in µs, and bytes")
    shown.add_column("record, records a batch", no_wrap=True)
    for title in ("recording", "shipping", "database", "write-ahead log", "table and indexes"):
        shown.add_column(title, justify="right")
    for title, personal in (("one row", False), ("50 rows with personal data", True)):
        for size in _SIZES:
            cost = await measure(database, batches, size, personal=personal)
            spent = [f"{one:.1f}" for one in (cost.recording, cost.shipping, cost.database)]
            shown.add_row(f"{title}, {size}", *spent, f"{cost.log_bytes:,.0f}", f"{cost.table_bytes:,.0f}")
    return shown


async def measure(database: Measured, batches: int, size: int, *, personal: bool) -> Cost:
    """Record operations and ship them, in batches of the size that a quarter of a second brings.

    A record is that of a small request; with `personal` it names the rows of a page with personal data.
    """
    with _database(database) as url, TemporaryDirectory() as folder, psycopg.connect(url, autocommit=True) as watcher:
        shipping = Shipping(_serving(database), Path(folder), Anchors(Path(folder) / "anchors"), secrets.token_bytes())
        executor = RecordingExecutor(_Answering(personal=personal), shipping, most_lag=1e9)
        spent = [await _batch(database, watcher, executor, shipping, size) for _ in range(batches)]
        await shipping.close(asyncio.sleep(0))
        total = watcher.execute("select pg_total_relation_size('audit_log')").fetchone()
    recording, shipped, stored, log = (statistics.median(one) for one in zip(*spent, strict=True))
    return Cost(recording, shipped, stored, log, total[0] / batches / size if total else 0)


async def _batch(
    database: Measured, watcher: psycopg.Connection, executor: RecordingExecutor, shipping: Shipping, size: int
) -> tuple[float, float, float, float]:
    principals = [Principal(f"user-{number % _SUBJECTS}", frozenset({Role.ADMIN})) for number in range(size)]
    begun = time.process_time()
    for number, principal in enumerate(principals):
        operation = Operation("", "Point", request=f"bench-{number}", address="192.0.2.7")
        await executor.execute(operation, principal)
    recorded = time.process_time()
    log, before = _log_position(watcher), _processor_ms(database)
    begun_shipping = time.process_time()
    if not await shipping.ship():
        raise RuntimeError("the database took no records")
    shipped = time.process_time()
    after, log_after = _processor_ms(database), _log_position(watcher)
    spent = (1e6 * (recorded - begun), 1e6 * (shipped - begun_shipping), 1e3 * (after - before), log_after - log)
    return spent[0] / size, spent[1] / size, spent[2] / size, spent[3] / size


@dataclass(frozen=True)
class _Answering:
    """Answers each operation at once."""

    personal: bool

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        del operation, principal
        return _PERSONAL if self.personal else _PLAIN


def _answer(*personal: str, rows: int = 0) -> Answer:
    coordinates = Coordinates("query", "0" * 64, tuple(_NAMES.split()), personal, None)
    access = Access(coordinates, personal, tuple(f"Customer:{number}" for number in range(rows)))
    return Answer(b'{"data":{}}', executed=True, status=200, access=access)


_PLAIN: Final = _answer()
_PERSONAL: Final = _answer("Customer.email", "Customer.phone", rows=50)


def _processor_ms(database: Measured) -> float:
    return sum(processor_ms(process.pid) for process in database.processes())


def _log_position(watcher: psycopg.Connection) -> int:
    found = watcher.execute("select pg_current_wal_insert_lsn() - '0/0'").fetchone()
    return int(found[0]) if found else 0


@contextmanager
def _database(database: Measured) -> Iterator[str]:
    """Give the owner's URL of a migrated database without rows, for the time of the measurement."""
    owner = database.endpoints.owner_url
    name = sql.Identifier(_NAME)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))
        connection.execute(sql.SQL("create database {} template template0").format(name))
        try:
            migration.upgrade(_at(owner), report=lambda _: None)
            yield _at(owner)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))


def _serving(database: Measured) -> str:
    return _at(database.endpoints.database_url)


def _at(url: str) -> str:
    return f"{url.rpartition('/')[0]}/{_NAME}"
