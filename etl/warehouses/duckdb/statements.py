"""The SQL of a raw table: its log, its base, and the view of both that is the table as it stands."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import duckdb

from etl.changes import Operation, TableShape

CATALOGUE: Final = """
create schema if not exists raw;
create table if not exists raw.checkpoint (position bigint, load_id bigint not null, owner varchar);
insert into raw.checkpoint select null, 0, null where not exists (from raw.checkpoint);
create table if not exists raw.compaction (table_name varchar, load_id bigint);
create table if not exists raw.copy (table_name varchar, lsn bigint, load_id bigint, columns varchar[]);
create table if not exists raw.copying (table_name varchar, lsn bigint, begun_at timestamptz, is_whole boolean);
create table if not exists raw.erased (table_name varchar, key bigint, lsn bigint);
create table if not exists raw.alert (table_name varchar, column_name varchar, reason varchar, raised_at timestamptz);
create table if not exists raw.dead_letter (
    table_name varchar, commit_lsn bigint, seq bigint, key bigint, column_name varchar, reason varchar, raw blob,
    operation tinyint, old_key bigint, committed_at timestamptz, form varchar, columns varchar, load_id bigint
);
create or replace view raw.degraded as
select table_name, column_name, reason, count(*) as dead_letters, min(committed_at) as since
from raw.dead_letter group by all
union all
select table_name, column_name, reason, 0, raised_at from raw.alert;
"""
"""What a warehouse keeps beside the tables."""


def first_row(cursor: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Return a query's first row, and leave nothing unread that would refuse the cursor other work."""
    rows = cursor.execute(query, list(values)).fetchall()
    return rows[0] if rows else None


def quoted(names: Iterable[str]) -> str:
    """Return columns' names as they stand in a query."""
    return ", ".join(f'"{name}"' for name in names)


def tail_of(table: str, load_id: int) -> str:
    """Return a query of each row's newest change among those that came after a load.

    What a TRUNCATE took is left out; deletions are in it.
    """
    return f"""
    select * from raw.{table}__log
    where _load_id > {load_id} and _op <> {Operation.TRUNCATE:d} and _key is not null
      and coalesce(row(_commit_lsn, _seq) > ({epoch_of(table, load_id)}), true)
    qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc, _load_id desc) = 1
    """


def epoch_of(table: str, load_id: int) -> str:
    """Return a query of the last TRUNCATE after a load, as `(commit_lsn, seq)`; null where there is none."""
    return f"""
    select max(row(_commit_lsn, _seq)) from raw.{table}__log
    where _load_id > {load_id} and _op = {Operation.TRUNCATE:d}
    """


def view_of(shape: TableShape, load_id: int) -> str:
    """Return the statement that makes the view, over a base that has everything up to a load."""
    names = quoted(shape.names)
    return f"""
    create or replace view raw.{shape.table} as
    with tail as materialized ({tail_of(shape.table, load_id)})
    select {names} from raw.{shape.table}__base
    where "{shape.key}" not in (select _key from tail) and ({epoch_of(shape.table, load_id)}) is null
    union all
    select {names} from tail where _op <> {Operation.DELETE:d}
    """
