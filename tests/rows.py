"""Rows of all tables that tests make up, and how a database comes to hold them."""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schema.model import ScalarField

Row = dict[str, Any]

_NO_JOURNAL = uuid.UUID(int=0)


@dataclass(frozen=True)
class Data:
    """Rows by table, in an order in which the tables can be filled; those of each in the order of their keys."""

    tables: Mapping[str, Sequence[Row]]

    def row(self, table: str, key: int | None) -> Row | None:
        """Return the row with a key."""
        return None if key is None else self._by_key[table].get(key)

    def held(self, field: ScalarField) -> list[Any]:
        """Return the values that a field has in some row, whoever's it is."""
        return [value for row in self.tables[field.column.table.name] if (value := row[field.column.name]) is not None]

    @cached_property
    def _by_key(self) -> Mapping[str, Mapping[int, Row]]:
        return {table: {row["id"]: row for row in rows} for table, rows in self.tables.items()}


def insert(owner_url: str, data: Data) -> None:
    """Write the rows into a migrated database without any."""
    with psycopg.connect(owner_url) as connection:
        _write(connection, data.tables)


def replace(connection: psycopg.Connection, data: Data) -> None:
    """Write the rows into a migrated database in the place of those that it has.

    They come in no order, so that whoever does not ask for one does not get one.
    """
    chance = random.Random(0)
    with connection.transaction():
        # All rows go: nothing needs to be told of it, no key that refers to them and not the guard of the audit log.
        connection.execute("set local session_replication_role = replica")
        for table in data.tables:
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        connection.execute("set local session_replication_role = origin")
        _write(connection, {table: chance.sample(rows, len(rows)) for table, rows in data.tables.items()})


def _write(connection: psycopg.Connection, tables: Mapping[str, Sequence[Row]]) -> None:
    for table, rows in tables.items():
        whole = [row | _record(row) for row in rows] if table == "audit_log" else rows
        if whole:
            _copy(connection, table, whole)


def _record(row: Row) -> Row:
    """Return the columns of an audit row that are not of the graph; no record is behind it, and no chain binds it."""
    return {"journal": _NO_JOURNAL, "position": row["id"], "record": "{}", "seal": "", "link": ""}


def _copy(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    statement = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
    with connection.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row([_cell(name, value) for name, value in row.items()])


def _cell(name: str, value: Any) -> Any:
    return Jsonb(value) if name == "contact_info" and value is not None else value
