"""What the database notes about itself: whether its rows are made up, and who may fill it at the moment."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schema.entities import ENTITIES

# Held by the transaction that fills tables: loads and seeds go one after the other.
_LOCK = 0x6761_7465_0002
_DEMO = "demo"

TABLES = tuple(ENTITIES[0].metadata.sorted_tables)
"""The entities' tables, those that others point to first."""


def wait_for_turn(connection: psycopg.Connection, note: Callable[[str], None]) -> None:
    """Be the only one that fills the tables until the end of the transaction."""
    free = connection.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
    if free is None or not free[0]:
        note("another load or seed is filling this database: waiting for it")
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def demo_data(connection: psycopg.Connection) -> dict[str, Any] | None:
    """Return what was noted about the demo data that the tables hold, None when they hold none."""
    row = connection.execute("select value from gateway_state where key = %s", [_DEMO]).fetchone()
    return None if row is None else dict(row[0])


def note_demo_data(connection: psycopg.Connection, details: dict[str, Any]) -> None:
    """Note that the tables hold demo data, which the first load of real data takes away."""
    connection.execute(
        "insert into gateway_state (key, value) values (%s, %s) on conflict (key) do update set value = excluded.value",
        [_DEMO, Jsonb(details)],
    )


def clear(connection: psycopg.Connection) -> None:
    """Empty the tables of all entities, start their numbers anew and forget about demo data."""
    names = sql.SQL(", ").join(sql.Identifier(table.name) for table in TABLES)
    connection.execute(sql.SQL("truncate {} restart identity").format(names))
    connection.execute("delete from gateway_state where key = %s", [_DEMO])


def advance_ids(connection: psycopg.Connection) -> None:
    """Let the numbers that the database gives go on after the highest that is there; they never go back."""
    for table in TABLES:
        name = sql.Identifier(table.name)
        found = connection.execute("select pg_get_serial_sequence(%s, 'id')", [table.name]).fetchone()
        if found is None or found[0] is None:
            continue
        sequence = sql.SQL(found[0])
        ahead = connection.execute(
            sql.SQL("select max(id) + 1 from {} having max(id) >= (select last_value from {})").format(name, sequence)
        ).fetchone()
        if ahead is not None:
            # Unlike setval() this is undone with the transaction.
            connection.execute(sql.SQL("alter sequence {} restart with {}").format(sequence, sql.Literal(ahead[0])))
