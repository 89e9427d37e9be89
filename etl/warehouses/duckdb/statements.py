"""The SQL of a raw table: its log, its base, and the view of both that is the table as it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb

from etl.changes import Operation, TableShape

CATALOGUE: Final = """
create schema if not exists raw;
create table if not exists raw.checkpoint (position bigint, load_id bigint not null, owner varchar);
insert into raw.checkpoint select null, 0, null where not exists (from raw.checkpoint);
create table if not exists raw.compaction (table_name varchar, load_id bigint);
alter table raw.compaction add column if not exists adopted bigint;
create table if not exists raw.copy (table_name varchar, lsn bigint, load_id bigint, columns varchar[]);
create table if not exists raw.copying (table_name varchar, lsn bigint, begun_at timestamptz, is_whole boolean);
create table if not exists raw.asked (id varchar, table_name varchar, low bigint, high bigint, load_id bigint);
create table if not exists raw.gap (since timestamptz, until timestamptz);
create table if not exists raw.erased (table_name varchar, key bigint, lsn bigint);
alter table raw.erased add column if not exists load_id bigint;
create table if not exists raw.alert (table_name varchar, column_name varchar, reason varchar, raised_at timestamptz);
create table if not exists raw.dead_letter (
    table_name varchar, commit_lsn bigint, seq bigint, key bigint, column_name varchar, reason varchar, raw blob,
    operation tinyint, old_key bigint, committed_at timestamptz, form varchar, columns varchar, load_id bigint
);
create table if not exists raw.moved (
    table_name varchar, commit_lsn bigint, seq bigint, key bigint, old_key bigint, load_id bigint
);
create or replace view raw.degraded as
select table_name, column_name, reason, count(*) as dead_letters, min(committed_at) as since
from raw.dead_letter group by all
union all
select table_name, column_name, reason, 0, raised_at from raw.alert;
"""
"""What a warehouse keeps beside the tables."""


_ALIKE: Final = frozenset({"_old_key", "_unchanged", "_load_id"})


def first_row(cursor: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Return a query's first row, and leave nothing unread that would refuse the cursor other work."""
    rows = cursor.execute(query, list(values)).fetchall()
    return rows[0] if rows else None


def table_of(name: str, kinds: Mapping[str, str]) -> str:
    """Return the statement that makes a part of a raw table, of columns with their types, where it is missing.

    Columns that are the same in most rows are kept as runs: for DuckDB to find that out takes longer than to do it.
    """
    columns = (f'"{column}" {kind}{" using compression rle" * (column in _ALIKE)}' for column, kind in kinds.items())
    return f"create table if not exists {name} ({', '.join(columns)})"


def quoted(names: Iterable[str]) -> str:
    """Return columns' names as they stand in a query."""
    return ", ".join(f'"{name}"' for name in names)


@dataclass(frozen=True)
class Folded:
    """What is in a table's base: every load up to `load_id`.

    Where the copied rows of a load were `adopted`, the base is empty, and those rows stand in for it: they are the
    oldest of the log, and each key is among them once.
    """

    load_id: int = 0
    adopted: int | None = None

    @property
    def newer(self) -> str:
        """The condition that holds for changes beyond it."""
        if self.adopted is None:
            return f"_load_id > {self.load_id}"
        return f"_load_id > {self.load_id} and not ({self.standing_in})"

    @property
    def standing_in(self) -> str:
        """The condition that holds for the changes that stand in for the base."""
        return "false" if self.adopted is None else f"_load_id = {self.adopted} and _op = {Operation.SNAPSHOT:d}"


def base_of(table: str, names: str, folded: Folded) -> str:
    """Return a query of the rows of a table as they were when changes were last folded in."""
    if folded.adopted is None:
        return f"select {names} from raw.{table}__base where true"
    return f"select {names} from raw.{table}__log where {folded.standing_in} and _key is not null"


def tail_of(table: str, folded: Folded) -> str:
    """Return a query of each row's newest change among those that came later.

    What a TRUNCATE took is left out; deletions are in it.
    """
    return f"""
    select * from raw.{table}__log
    where {folded.newer} and _op <> {Operation.TRUNCATE:d} and _key is not null
      and coalesce(row(_commit_lsn, _seq) > ({epoch_of(table, folded)}), true)
    qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc, _load_id desc) = 1
    """


def epoch_of(table: str, folded: Folded) -> str:
    """Return a query of the last TRUNCATE that came later, as `(commit_lsn, seq)`; null where there is none."""
    return f"""
    select max(row(_commit_lsn, _seq)) from raw.{table}__log
    where {folded.newer} and _op = {Operation.TRUNCATE:d}
    """


def view_of(shape: TableShape, folded: Folded) -> str:
    """Return the statement that makes the view, over what is folded in."""
    names = quoted(shape.names)
    return f"""
    create or replace view raw.{shape.table} as
    with tail as materialized ({tail_of(shape.table, folded)})
    {base_of(shape.table, names, folded)}
      and "{shape.key}" not in (select _key from tail)
      and ({epoch_of(shape.table, folded)}) is null
    union all
    select {names} from tail where _op <> {Operation.DELETE:d}
    """
