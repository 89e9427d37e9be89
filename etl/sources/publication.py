"""What leaves the source: a publication of the tables that land, with only the columns that do."""

from collections.abc import Iterable, Mapping
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from etl.changes import TableShape
from etl.sources.commands import COMMANDS

_PRESENT = """
select attname from pg_attribute
where attrelid = to_regclass(quote_ident(%s)) and attnum > 0 and not attisdropped and attgenerated = ''
"""
_TYPES = """
select attname, format_type(atttypid, atttypmod) from pg_attribute
where attrelid = to_regclass(quote_ident(%s)) and attnum > 0 and not attisdropped
"""
_PUBLISHED = """
select tablename, array_agg(name order by name) from pg_publication_tables, unnest(attnames) name
where pubname = %s group by tablename
"""
# Changes of partitions come as those of their table; of others PostgreSQL would not choose columns.
_OF_ROOTS: Final[LiteralString] = "publish_via_partition_root = true"
_COMMENT = sql.Literal("What lands in the warehouse; the gateway's worker keeps it in step.")
_IDENTITY = """
select relreplident::text from pg_class
where oid = to_regclass(quote_ident(%s)) and relreplident <> 'd' and not exists (
    select from pg_index where indrelid = pg_class.oid and relreplident = 'i' and indisreplident and indisprimary
)
"""
_IDENTITIES = {"f": "full", "n": "nothing", "i": "using an index"}


class NotPublishable(Exception):
    """A table can't be published as it is; the text says what to change in the source."""


def publish(connection: psycopg.Connection, name: str, shapes: Iterable[TableShape]) -> bool:
    """Make the publication, or bring it in step with the shapes and the tables' columns; tell if it was changed.

    Columns that a shape has and the table has not (yet, or no more) are left out; the table goes on without them.
    Takes an owner of the tables. A table that is missing is left out as well. NotPublishable where all of them are, and
    for a table with another replica identity than its key: with FULL and NOTHING PostgreSQL would refuse every update
    of it, with an index deletions would not tell the key. The table of commands is published with them.
    """
    wanted = _wanted(connection, shapes)
    for fault in unidentified(connection, wanted).values():
        raise NotPublishable(fault)
    published = _published(connection, name)
    if _is_in_step(published, wanted):
        return False
    tables = sql.SQL(", ").join(map(_table, wanted, wanted.values()))
    if published is None:
        statements = [f"create publication {{}} for table {{}} with ({_OF_ROOTS})"]
    else:
        statements = [f"alter publication {{}} set ({_OF_ROOTS})", "alter publication {} set table {}"]
    for statement in statements:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name), tables))
    return True


def is_in_step(connection: psycopg.Connection, name: str, shapes: Iterable[TableShape]) -> bool:
    """Tell whether `publish` would change nothing."""
    return _is_in_step(_published(connection, name), _wanted(connection, shapes))


def hold(connection: psycopg.Connection, name: str) -> None:
    """Let nobody else change the publication, if there is one, until the transaction ends; takes its owner."""
    if _published(connection, name) is not None:
        # PostgreSQL has no other statement that locks a publication and changes nothing of what is published.
        connection.execute(sql.SQL("comment on publication {} is {}").format(sql.Identifier(name), _COMMENT))


def unpublished(connection: psycopg.Connection, name: str, columns: Mapping[str, Iterable[str]]) -> list[str]:
    """Return those tables of which the publication lacks a column, or all: what changes there is not sent."""
    published = _published(connection, name) or {}
    return [table for table, names in columns.items() if not set(names) <= set(published.get(table, ()))]


def unidentified(connection: psycopg.Connection, tables: Iterable[str]) -> dict[str, str]:
    """Return those tables whose key is not their replica identity, with what is wrong and what to do."""
    found = {table: connection.execute(_IDENTITY, [table]).fetchone() for table in tables}
    return {
        table: f"{table} has replica identity {_IDENTITIES[row[0]]}: run "
        f"`alter table {table} replica identity default`, its key is enough"
        for table, row in found.items()
        if row is not None
    }


def present_columns(connection: psycopg.Connection, shape: TableShape) -> list[str]:
    """Return the columns of a shape that the source's table has, in the shape's order; none if there is no table."""
    found = {name for (name,) in connection.execute(_PRESENT, [shape.table])}
    return [name for name in shape.names if name in found] if shape.key in found else []


def source_columns(connection: psycopg.Connection, shape: TableShape) -> tuple[str, ...]:
    """Return the columns of a shape that the source's table has, each with its type; none if there is no table."""
    types: dict[str, str] = dict(connection.execute(_TYPES, [shape.table]).fetchall())
    return tuple(f"{name} {types[name]}" for name in present_columns(connection, shape))


def _wanted(connection: psycopg.Connection, shapes: Iterable[TableShape]) -> dict[str, list[str]]:
    wanted = {shape.table: columns for shape in shapes if (columns := present_columns(connection, shape))}
    if not wanted:
        raise NotPublishable("the source has none of the tables that land in the warehouse yet: run `gateway migrate`")
    if columns := present_columns(connection, COMMANDS):
        wanted[COMMANDS.table] = columns
    return wanted


def _published(connection: psycopg.Connection, name: str) -> dict[str, list[str]] | None:
    """Return the columns of each table in a publication; None where there is no publication."""
    if connection.execute("select from pg_publication where pubname = %s", [name]).fetchone() is None:
        return None
    return dict(connection.execute(_PUBLISHED, [name]).fetchall())


def _is_in_step(published: Mapping[str, list[str]] | None, wanted: Mapping[str, list[str]]) -> bool:
    return published == {table: sorted(columns) for table, columns in wanted.items()}


def _table(table: str, columns: Iterable[str]) -> sql.Composed:
    return sql.SQL("{} ({})").format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)))
