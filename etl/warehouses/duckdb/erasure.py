"""Erasure: the personal data of a row goes from the log, the base, what waits, and the dead letters."""

from typing import Final

import duckdb

from etl.changes import Erase, Operation, TableShape
from etl.warehouses.duckdb.shaping import PARTS, kept_columns
from etl.warehouses.duckdb.statements import quoted

_LAST: Final = 2**62


def erase(cursor: duckdb.DuckDBPyConnection, shape: TableShape, command: Erase, through: int, load_id: int) -> None:
    """Empty the personal columns of a row and of what it was before its key changed; note it, so that it stays so.

    Columns that are no longer declared are emptied too: nobody says that they are not personal.
    """
    table, lsn, keys = shape.table, command.lsn, _keys(cursor, shape.table, command.key)
    for part in PARTS:
        columns = _personal(cursor, shape, part)
        if columns:
            emptied = ", ".join(f'"{name}" = null' for name in columns)
            key, before = (shape.key, "true") if part == "base" else ("_key", f"_commit_lsn < {lsn}")
            cursor.execute(
                f'update raw.{table}__{part} set {emptied} where "{key}" in (select unnest($1)) and {before}', [keys]
            )
    cursor.execute(
        "delete from raw.dead_letter where table_name = $1 and commit_lsn < $2 and key in (select unnest($3))",
        [table, lsn, keys],
    )
    cursor.execute("insert into raw.erased select $1, unnest($2), $3, $4", [table, keys, lsn, load_id])
    _tell(cursor, shape, keys, lsn, min(lsn, through), load_id)


def scrubbed(table: str, lsn: int, value: str) -> str:
    """Return the SQL of a personal value of a copied row, null where the row was erased after the copy."""
    return f"case when copy._key in ({erased_after(table, lsn)}) then null else {value} end"


def erased_after(table: str, lsn: int) -> str:
    """Return a query of the keys of rows that were erased after a copy as of an LSN."""
    return f"select key from raw.erased where table_name = '{table}' and lsn > {lsn}"


def _keys(cursor: duckdb.DuckDBPyConnection, table: str, key: int) -> list[int]:
    """Return a key and those that the row had before."""
    found = cursor.execute(
        f"""
        with recursive former(key) as (
            select $1::bigint
            union
            select _old_key from raw.{table}__log inner join former on _key = former.key where _old_key is not null
        )
        select key from former
        """,
        [key],
    ).fetchall()
    return [row[0] for row in found]


def _personal(cursor: duckdb.DuckDBPyConnection, shape: TableShape, part: str) -> list[str]:
    harmless = {column.name for column in shape.columns if not column.personal} | {shape.key}
    names = kept_columns(cursor, shape.table, part)
    return [name for name in names if not name.startswith("_") and name not in harmless]


def _tell(
    cursor: duckdb.DuckDBPyConnection, shape: TableShape, keys: list[int], lsn: int, place: int, load_id: int
) -> None:
    """Append the row as it is now where no newer change does, so that the models take it in again."""
    key, table = quoted([shape.key]), shape.table
    cursor.execute(
        f"""
        insert into raw.{table}__log by name
        select {Operation.UPDATE:d} as _op, {place} as _commit_lsn, {_LAST} as _seq, now() as _committed_at,
          {key} as _key, 0 as _unchanged, {load_id} as _load_id, {quoted(shape.names)}
        from raw.{table}
        where {key} in (select unnest($1))
          and {key} not in (select _key from raw.{table}__log where _commit_lsn >= {lsn} and _key is not null)
        """,
        [keys],
    )
