"""Seeding: filling an empty database with the demo data of a plan, in one transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from psycopg import sql

from etl.demo.orders import Row
from etl.demo.plan import DemoPlan
from etl.demo.rows import COLUMNS, rows
from etl.state import TABLES, advance_ids, clear, demo_data, note_demo_data, wait_for_turn


class Progress(Protocol):
    """Told of each step of a seed, often; whoever shows it decides how much of it."""

    def note(self, text: str) -> None:
        """Something that is to be known, in a sentence."""

    def writing(self, table: str, done: int, orders: int) -> None:
        """Rows of this table are being written; so many of all orders are."""


class SeedRefused(Exception):
    """The database holds what must not be touched; its text says what to do. The database is as it was before."""


@dataclass(frozen=True)
class SeedResult:
    """What a seed did: `rows` by table; not `written` when the very same data was there already."""

    rows: dict[str, int]
    written: bool
    replaced: bool
    seconds: float


def seed(connection: psycopg.Connection, plan: DemoPlan, progress: Progress, *, replace: bool = False) -> SeedResult:
    """Fill the tables of a database whose migrations are in step.

    `replace` removes other demo data first, and only that. SeedRefused leaves the database as it was, and so does any
    other way to end.
    """
    start = time.perf_counter()
    with connection.transaction():
        # It may take longer than a client's statement may.
        connection.execute("select set_config('statement_timeout', '0', true)")
        wait_for_turn(connection, progress.note)
        found = demo_data(connection)
        if found is not None and _parameters(found) == _parameters(_details(plan, {})):
            return SeedResult(dict(found["rows"]), written=False, replaced=False, seconds=time.perf_counter() - start)
        _make_room(connection, found, progress, replace=replace)
        written = _write(connection, plan, progress)
        advance_ids(connection)
        connection.execute(sql.SQL("analyze {}").format(_names()))
        note_demo_data(connection, _details(plan, written))
    return SeedResult(written, written=True, replaced=found is not None, seconds=time.perf_counter() - start)


def holds_data(connection: psycopg.Connection) -> bool:
    """Whether any of the tables has a row."""
    return any(
        # A row without columns is an empty tuple, and still a row.
        connection.execute(sql.SQL("select from {} limit 1").format(sql.Identifier(table.name))).fetchone() is not None
        for table in TABLES
    )


def _make_room(
    connection: psycopg.Connection, found: dict[str, Any] | None, progress: Progress, *, replace: bool
) -> None:
    """See to it that the tables are empty, or refuse; only what a seed wrote is ever removed."""
    if found is None:
        if holds_data(connection):
            raise SeedRefused(
                "the database holds data that is not demo data, which is never removed: "
                "seed an empty database, for example with another GATEWAY_DATA_DIR"
            )
        return
    if not replace:
        parameters = f"{found['orders']:,} orders until {found['until']}, seed {found['seed']}"
        raise SeedRefused(f"the database holds other demo data ({parameters}): give --replace to put this in its place")
    connection.execute(sql.SQL("lock table {} in access exclusive mode").format(_names()))
    for table, count in found["rows"].items():
        query = sql.SQL("select count(*) from {} where id > {}").format(sql.Identifier(table), sql.Literal(count))
        added = connection.execute(query).fetchone()
        if added and added[0]:
            raise SeedRefused(
                f"{added[0]:,} rows of {table} were added to the demo data, and what is not demo data is never "
                "removed: seed an empty database, for example with another GATEWAY_DATA_DIR"
            )
    progress.note("removing the demo data")
    clear(connection)


def _write(connection: psycopg.Connection, plan: DemoPlan, progress: Progress) -> dict[str, int]:
    written = dict.fromkeys(COLUMNS, 0)
    for table, part in rows(plan):
        progress.writing(table, written["orders"], plan.orders)
        _copy(connection, table, part)
        written[table] += len(part)
    return written


def _copy(connection: psycopg.Connection, table: str, part: Sequence[Row]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in part:
            copy.write_row(row)


def _details(plan: DemoPlan, written: dict[str, int]) -> dict[str, Any]:
    """Return what is noted about demo data: what it was made from, and how much there is."""
    return {
        "seed": plan.seed,
        "until": plan.until.isoformat(),
        "orders": plan.orders,
        "customers": plan.customers,
        "products": plan.products,
        "rows": written,
    }


def _parameters(details: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name != "rows"}


def _names() -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(table.name) for table in TABLES)
