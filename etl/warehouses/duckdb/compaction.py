"""Bringing a table's base forward, and taking history away that is in it."""

import datetime as dt

import duckdb

from etl.changes import Operation, TableShape
from etl.warehouses.duckdb.shaping import compacted, kept_columns
from etl.warehouses.duckdb.statements import Folded, base_of, epoch_of, first_row, quoted, tail_of, view_of


def compact(cursor: duckdb.DuckDBPyConnection, shape: TableShape) -> None:
    """Fold the newest changes into the base; columns that are no longer declared are kept with them."""
    table, done = shape.table, compacted(cursor, shape.table)
    loaded = first_row(cursor, "select load_id from raw.checkpoint")
    upto = int(loaded[0]) if loaded else done.load_id
    names = quoted(kept_columns(cursor, table))
    if done.adopted is not None:
        cursor.execute(f"insert into raw.{table}__base by name {base_of(table, names, done)}")
    cursor.execute(f"create or replace temp table newest as {tail_of(table, done)}")
    cursor.execute(
        f"""delete from raw.{table}__base where "{shape.key}" in (select _key from newest)
        or ({epoch_of(table, done)}) is not null"""
    )
    cursor.execute(
        f"insert into raw.{table}__base by name select {names} from newest where _op <> {Operation.DELETE:d}"
    )
    cursor.execute("update raw.compaction set load_id = ?, adopted = null where table_name = ?", [upto, table])
    cursor.execute(view_of(shape, Folded(upto)))


def adopt(cursor: duckdb.DuckDBPyConnection, shape: TableShape, load_id: int) -> None:
    """Let the copied rows of a load, the first that came, stand in for the empty base until the next compaction."""
    folded = Folded(load_id - 1, load_id)
    cursor.execute(
        "update raw.compaction set load_id = ?, adopted = ? where table_name = ?",
        [folded.load_id, folded.adopted, shape.table],
    )
    cursor.execute(view_of(shape, folded))


def prune(cursor: duckdb.DuckDBPyConnection, table: str, before: dt.datetime) -> int:
    """Take changes away that are in the base and were committed before a time; return how many.

    Those stay that may be newer than a dead letter, which would else be taken for the newest when it can be read.
    """
    old = f"""
    delete from raw.{table}__log where _load_id <= $1 and _committed_at < $2
      and coalesce(_key not in (select key from raw.dead_letter where table_name = $3 and key is not null), true)
      and (_op <> {Operation.TRUNCATE:d} or $3 not in (select table_name from raw.dead_letter))
    """
    gone = first_row(cursor, old, [compacted(cursor, table).load_id, before, table])
    return int(gone[0]) if gone else 0
