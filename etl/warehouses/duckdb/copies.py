"""Copied rows whose moment is reached: they give way to every newer change, and what is the same is not told again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import duckdb

from etl.changes import COPY_BEGINS, CopiedColumns, CopyAgain, Operation, TableShape
from etl.warehouses.duckdb.compaction import adopt, compact
from etl.warehouses.duckdb.erasure import erased_after, scrubbed
from etl.warehouses.duckdb.letters import forget_before
from etl.warehouses.duckdb.shaping import kept_columns
from etl.warehouses.duckdb.statements import first_row, quoted, table_of
from etl.warehouses.duckdb.waiting import begun_at

_COPIED: Final = int(Operation.SNAPSHOT)


def publish_copy(
    cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int, load_id: int, *, is_alone: bool
) -> None:
    """Put into the log what a copy as of an LSN says other than the table; its mark makes it one of the whole table.

    Where nothing is known of the table and nothing else waits, the copy becomes the log as it is.
    """
    table, began = shape.table, begun_at(cursor, shape.table, lsn)
    if began is not None and is_alone and _is_empty(cursor, table):
        _adopt(cursor, shape, lsn, load_id)
    else:
        _append_other(cursor, shape, lsn, began, load_id)
    if began is not None:
        _note_copy(cursor, table, lsn, load_id)
        forget_before(cursor, table, lsn)
        cursor.execute("delete from raw.alert where table_name = ? and raised_at < ?", [table, began])


def note_columns(cursor: duckdb.DuckDBPyConnection, told: CopiedColumns) -> None:
    """Keep the source's columns for the time when the copy is seen."""
    cursor.execute("insert into raw.copy values (?, ?, null, ?)", [told.table, told.lsn, list(told.columns)])


def note_asked(cursor: duckdb.DuckDBPyConnection, wanted: CopyAgain, load_id: int) -> None:
    """Keep that somebody asked for a copy; the same one is kept once."""
    cursor.execute(
        "insert into raw.asked select $1, $2, $3, $4, $5 where not exists (from raw.asked where id = $1)",
        [wanted.id, wanted.table, wanted.low, wanted.high, load_id],
    )


def asked_copies(cursor: duckdb.DuckDBPyConnection) -> Sequence[CopyAgain]:
    """Return the copies that somebody asked for, in the order of their coming."""
    found = cursor.execute("select table_name, id, low, high from raw.asked order by load_id, rowid").fetchall()
    return [CopyAgain(*one) for one in found]


def forget_after(cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int) -> None:
    """Take changes out of the history that were committed after an LSN: the source was set back and never had them.

    What they made of the table stays until the copy differs from it: readers of the log have read them, too.
    """
    table = shape.table
    if first_row(cursor, f"select 1 from raw.{table}__log where _commit_lsn > ? limit 1", [lsn]):
        compact(cursor, shape)
        cursor.execute(f"delete from raw.{table}__log where _commit_lsn > ?", [lsn])
    cursor.execute("delete from raw.dead_letter where table_name = ? and commit_lsn > ?", [table, lsn])


def _append(cursor: duckdb.DuckDBPyConnection, table: str, rows: str, load_id: int) -> None:
    cursor.execute(f"insert into raw.{table}__log by name select * replace ({load_id} as _load_id) from ({rows})")


def _is_empty(cursor: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Tell whether nothing is known of a table, so that a copy of it has nothing to be compared with."""
    rows = f"select 1 from raw.{table}__log union all select 1 from raw.{table}__base limit 1"
    return first_row(cursor, rows) is None


def _adopt(cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int, load_id: int) -> None:
    """Make the table of the copied rows the log, without writing them a second time.

    Personal values that are to be forgotten are emptied before. Only the column of the load is written anew.
    """
    copying, log = f"raw.{shape.table}__copying", f"raw.{shape.table}__log"
    _scrub(cursor, shape, lsn)
    cursor.execute(f"update {copying} as copy set _unchanged = {_unsent(shape)} where _unchanged <> {_unsent(shape)}")
    cursor.execute(f"drop table {log}")
    cursor.execute(f"alter table {copying} alter column _load_id type bigint using {load_id}")
    cursor.execute(f"alter table {copying} rename to {shape.table}__log")
    cursor.execute(table_of(copying, kept_columns(cursor, shape.table, "log")))
    adopt(cursor, shape, load_id)


def _scrub(cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int) -> None:
    """Empty personal values of waiting rows that were erased after the copy."""
    emptied = [f'"{column.name}" = null' for column in shape.columns if column.personal and column.name != shape.key]
    if emptied:
        cursor.execute(
            f"update raw.{shape.table}__copying set {', '.join(emptied)}"
            f" where _key in ({erased_after(shape.table, lsn)})"
        )


def _unsent(shape: TableShape) -> str:
    """Return the bits of what the copy left out; the key is always known."""
    return f"(copy._unchanged & {sum(1 << bit for bit, name in enumerate(shape.names) if name != shape.key)})"


def _append_other(
    cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int, mark: object | None, load_id: int
) -> None:
    """Append what a copy says other than is known; with a mark, take away what is not in it."""
    _find_newer(cursor, shape.table, lsn)
    _find_lineage(cursor, shape.table, lsn)
    _find_arriving(cursor, shape, lsn)
    if mark is not None:
        _take_away(cursor, shape, lsn, mark, load_id)
    different = "select * exclude (is_older, is_other) from arriving where not is_older and is_other"
    for rows in (different, _completed(shape)):
        _append(cursor, shape.table, rows, load_id)
    cursor.execute("drop table arriving; drop table lineage; drop table newer")


def _note_copy(cursor: duckdb.DuckDBPyConnection, table: str, lsn: int, load_id: int) -> None:
    """Note that the table was copied, in place of all that was noted earlier."""
    found = first_row(cursor, "select columns from raw.copy where table_name = ? and lsn = ?", [table, lsn])
    cursor.execute("delete from raw.copy where table_name = ?", [table])
    cursor.execute("insert into raw.copy values (?, ?, ?, ?)", [table, lsn, load_id, found[0] if found else None])


def _find_newer(cursor: duckdb.DuckDBPyConnection, table: str, lsn: int) -> None:
    """Make a table of the newest change of each row that is newer than the copy; a null key stands for TRUNCATE."""
    cursor.execute(f"""
    create or replace temp table newer as
    select * from raw.{table}__log where _commit_lsn > {lsn}
    qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc, _load_id desc) = 1
    """)


def _find_lineage(cursor: duckdb.DuckDBPyConnection, table: str, lsn: int) -> None:
    """Make a table of the newer changes that lack a value: their key, and the one that the row had at the copy."""
    cursor.execute("create or replace temp table lineage (_key bigint, origin bigint)")
    lacking = cursor.execute(
        f"select _key, _commit_lsn, _seq from newer where _unchanged <> 0 and _op <> {Operation.DELETE:d}"
    ).fetchall()
    if not lacking:
        return
    moves: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    found = cursor.execute(f"""
    select _key, _commit_lsn, _seq, _old_key from raw.{table}__log
    where _commit_lsn > {lsn} and _old_key is not null order by _commit_lsn, _seq
    """)
    for key, *move in found.fetchall():
        moves[key].append((move[0], move[1], move[2]))
    pairs = [(key, _origin(key, (commit, seq + 1), moves)) for key, commit, seq in lacking]
    cursor.executemany("insert into lineage values (?, ?)", pairs)


def _origin(key: int, before: tuple[int, int], moves: Mapping[int, Sequence[tuple[int, int, int]]]) -> int:
    """Return the key under which a row was known before its moves; each is a commit, a place, and the former key."""
    earlier = [move for move in moves.get(key, ()) if move[:2] < before]
    return _origin(earlier[-1][2], earlier[-1][:2], moves) if earlier else key


def _find_arriving(cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int) -> None:
    """Make a table of the copied rows with what the copy left out, and how each stands to what is known."""
    personal = {column.name for column in shape.columns if column.personal}
    values = {name: _sent(bit, name) for bit, name in enumerate(shape.names) if name != shape.key}
    values |= {name: scrubbed(shape.table, lsn, value) for name, value in values.items() if name in personal}
    replaced = "".join(f'{value} as "{name}", ' for name, value in values.items())
    compared = " or ".join(f'{value} is distinct from known."{name}"' for name, value in values.items()) or "false"
    unsent = _unsent(shape)
    cursor.execute(f"""
    create or replace temp table arriving as
    select copy.* replace ({replaced}case when known."{shape.key}" is null then {unsent} else 0 end as _unchanged),
      known."{shape.key}" is null or {compared} as is_other,
      copy._key in (select _key from newer where _key is not null)
        or exists (select 1 from newer where _key is null) as is_older
    from raw.{shape.table}__copying as copy
    left join raw.{shape.table} as known on known."{shape.key}" = copy._key
    where copy._commit_lsn = {lsn} and copy._op = {_COPIED}
    """)


def _sent(bit: int, name: str) -> str:
    return f'case when (copy._unchanged >> {bit}) & 1 = 1 then known."{name}" else copy."{name}" end'


def _completed(shape: TableShape) -> str:
    """Return a query of newer changes that left something out which the copy knows."""
    values = ", ".join(
        f'case when (newer._unchanged >> {bit}) & 1 = 1 then arriving."{name}" else newer."{name}" end as "{name}"'
        for bit, name in enumerate(shape.names)
    )
    return f"""
    select newer.* replace ({values}, newer._unchanged & arriving._unchanged as _unchanged)
    from newer inner join lineage using (_key) inner join arriving on arriving._key = lineage.origin
    where newer._unchanged & ~arriving._unchanged <> 0
    """


def _take_away(cursor: duckdb.DuckDBPyConnection, shape: TableShape, lsn: int, at: object, load_id: int) -> None:
    """Append deletions of the rows that the copy has not, and that have no newer change."""
    table, key = shape.table, quoted([shape.key])
    cursor.execute(
        f"""
        insert into raw.{table}__log by name
        select {Operation.DELETE:d} as _op, {lsn} as _commit_lsn, {COPY_BEGINS} as _seq, $1 as _committed_at,
          {key} as _key, 0 as _unchanged, {load_id} as _load_id, {key}
        from raw.{table}
        where {key} not in (select _key from arriving)
          and {key} not in (select _key from newer where _key is not null)
          and not exists (select 1 from newer where _key is null)
          and {key} not in (
            select key from raw.dead_letter where table_name = $2 and commit_lsn = {lsn} and key is not null
          )
        """,
        [at, table],
    )
