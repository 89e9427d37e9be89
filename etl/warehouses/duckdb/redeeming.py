"""Dead letters that can be read at last: their changes take their place, unless a newer one has."""

import duckdb
import pyarrow as pa

from etl.changes import META, Changes, DeadLetter, Operation
from etl.warehouses.duckdb.letters import forget
from etl.warehouses.duckdb.raw_table import RawTable
from etl.warehouses.duckdb.statements import first_row, quoted
from etl.warehouses.filling import filled


def redeem(
    cursor: duckdb.DuckDBPyConnection, table: RawTable, letter: DeadLetter, changes: Changes | None, load_id: int
) -> bool:
    """Append a letter's change, if its row has no newer one; False while it needs something that is not there.

    A copy or an erasure may have answered the letter since it was read.
    """
    if _is_there(cursor, letter) and not _is_superseded(cursor, letter):
        if changes is None or _needs_earlier(cursor, letter, changes):
            return False
        table.insert(_filled(cursor, table, letter, changes), load_id)
    forget(cursor, letter)
    return True


def _is_there(cursor: duckdb.DuckDBPyConnection, letter: DeadLetter) -> bool:
    place = [letter.table, letter.commit_lsn, letter.seq]
    query = "select 1 from raw.dead_letter where table_name = ? and commit_lsn = ? and seq = ?"
    return first_row(cursor, query, place) is not None


def _is_superseded(cursor: duckdb.DuckDBPyConnection, letter: DeadLetter) -> bool:
    newer = first_row(
        cursor,
        f"select 1 from raw.{letter.table}__log where (_key = $1 or _op = {Operation.TRUNCATE:d})"
        " and row(_commit_lsn, _seq) > row($2, $3) limit 1",
        [letter.key, letter.commit_lsn, letter.seq],
    )
    return newer is not None


def _needs_earlier(cursor: duckdb.DuckDBPyConnection, letter: DeadLetter, changes: Changes) -> bool:
    if not changes.records.column("_unchanged")[0].as_py():
        return False
    earlier = first_row(
        cursor,
        "select 1 from raw.dead_letter where table_name = $1 and key in ($2, $3)"
        " and row(commit_lsn, seq) < row($4, $5) limit 1",
        [letter.table, letter.key, letter.old_key, letter.commit_lsn, letter.seq],
    )
    return earlier is not None


def _filled(cursor: duckdb.DuckDBPyConnection, table: RawTable, letter: DeadLetter, changes: Changes) -> pa.Table:
    """Return the change with unsent values as they were before it: of a row that went on under another key, too."""
    own = changes.records.schema.names[len(META) :]
    columns, key = quoted(own), letter.key if letter.old_key is None else letter.old_key
    query = f"""
    select _key, {columns} from (
      select _key, {columns}, _commit_lsn, _seq from raw.{letter.table}__log
      where _key = $1 and _op not in ({Operation.DELETE:d}, {Operation.TRUNCATE:d})
        and row(_commit_lsn, _seq) < row($2, $3)
      union all
      select "{table.shape.key}", {columns}, 0, 0 from raw.{letter.table}__base where "{table.shape.key}" = $1
    ) order by _commit_lsn desc, _seq desc limit 1
    """
    records = pa.Table.from_batches([changes.records])
    typed = pa.schema([pa.field("_key", pa.int64()), *[records.schema.field(name) for name in own]])
    place = [key, letter.commit_lsn, letter.seq]
    return filled(records, lambda _: cursor.sql(query, params=place).to_arrow_table().cast(typed))
