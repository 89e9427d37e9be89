"""Erasure: the personal data of a row goes from the log, the base, what waits, and the dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import duckdb

from etl.changes import DeadLetter, Erase, Operation, TableShape
from etl.warehouses.duckdb.shaping import PARTS, compacted, kept_columns
from etl.warehouses.duckdb.statements import first_row, quoted

_LAST: Final = 2**62
# What was copied as of a commit is how that commit left it.
_SEQ: Final = f"case when _op = {Operation.SNAPSHOT:d} then {_LAST} else _seq end"


@dataclass(frozen=True)
class _Held:
    """A key that a row has or had before a place in the order of changes, the load that brought what stands there.

    That is another row if the key `is_taken` by one.
    """

    key: int
    lsn: int
    seq: int
    load_id: int
    is_taken: bool = False


def erase(cursor: duckdb.DuckDBPyConnection, shape: TableShape, command: Erase, through: int, load_id: int) -> None:
    """Empty the personal columns of a row and of what it was before its key changed; note it, so that it stays so.

    Columns that are no longer declared are emptied too: nobody says that they are not personal.
    """
    table, held = shape.table, _held(cursor, shape.table, command, load_id)
    folded = compacted(cursor, table).load_id
    for part in PARTS:
        if columns := _personal(cursor, shape, part):
            emptied = f"update raw.{table}__{part} set " + ", ".join(f'"{name}" = null' for name in columns)
            for one in held:
                if part != "base":
                    place = [one.key, one.lsn, one.seq]
                    cursor.execute(f"{emptied} where _key = $1 and row(_commit_lsn, {_SEQ}) < row($2, $3)", place)
                elif one.load_id > folded:
                    cursor.execute(f'{emptied} where "{shape.key}" = $1', [one.key])
    for one in held:
        cursor.execute(
            "delete from raw.dead_letter where table_name = $1 and key = $2 and row(commit_lsn, seq) < row($3, $4)",
            [table, one.key, one.lsn, one.seq],
        )
        cursor.execute("insert into raw.erased values ($1, $2, $3, $4)", [table, one.key, one.lsn, one.load_id])
    own = [one.key for one in held if not one.is_taken]
    _tell(cursor, shape, own, command.lsn, min(command.lsn, through), load_id)


def scrubbed(table: str, lsn: int, value: str) -> str:
    """Return the SQL of a personal value of a copied row, null where the row was erased after the copy."""
    return f"case when copy._key in ({erased_after(table, lsn)}) then null else {value} end"


def erased_after(table: str, lsn: int) -> str:
    """Return a query of the keys of rows that were erased after a copy as of an LSN."""
    return f"select key from raw.erased where table_name = '{table}' and lsn > {lsn}"


def scrubbed_letters(cursor: duckdb.DuckDBPyConnection, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Return letters, of copied rows that were erased after the copy without what came: it can't be emptied in part."""
    return [replace(one, raw=b"", form="") if _is_erased(cursor, one) else one for one in letters]


def _is_erased(cursor: duckdb.DuckDBPyConnection, letter: DeadLetter) -> bool:
    if letter.operation is not Operation.SNAPSHOT or letter.key is None:
        return False
    erased = f"select 1 where $1 in ({erased_after(letter.table, letter.commit_lsn)})"
    return first_row(cursor, erased, [letter.key]) is not None


def _held(cursor: duckdb.DuckDBPyConnection, table: str, command: Erase, load_id: int) -> list[_Held]:
    """Return a key and those that the row had before, also where its move waits or is a dead letter."""
    moves = cursor.execute(
        f"""
        with recursive moves as ({_known(table)} and _old_key is not null),
        former(key, lsn, seq) as (
            select $1::bigint, $2::bigint, {_LAST}::bigint
            union
            select _old_key, _commit_lsn, _seq from moves
            inner join former on _key = former.key and row(_commit_lsn, _seq) < row(former.lsn, former.seq)
        )
        select key, lsn, seq from former where seq < {_LAST}
        """,
        [command.key, command.lsn],
    ).fetchall()
    own = _Held(command.key, command.lsn, 0, load_id)
    return [own, *(_former(cursor, table, replace(own, key=key), after=(lsn, seq)) for key, lsn, seq in moves)]


def _former(cursor: duckdb.DuckDBPyConnection, table: str, held: _Held, *, after: tuple[int, int]) -> _Held:
    """Return up to where a key that a row gave up by a move is that row's.

    Not the move is the end, but the row that took the key since: partitions that lag may bring what was before later.
    """
    found = first_row(
        cursor,
        f"""
        select _commit_lsn, _seq, coalesce(_load_id, {held.load_id}) from ({_known(table)})
        where _key = $1 and _op in ({Operation.INSERT:d}, {Operation.SNAPSHOT:d})
          and row(_commit_lsn, _seq) > row($2, $3)
        order by all limit 1
        """,
        [held.key, *after],
    )
    if found is None:
        return held
    lsn, seq = min((found[0], found[1]), (held.lsn, held.seq))
    return replace(held, lsn=lsn, seq=seq, load_id=found[2], is_taken=True)


def _known(table: str) -> str:
    """Return a query of every change that is known, also of what waits and of dead letters; conditions can follow.

    Of dead letters that were answered it has the moves.
    """
    parts = "".join(
        f"select _op, _key, _old_key, _commit_lsn, {_SEQ} as _seq, _load_id from raw.{table}__{part} union all "
        for part in ("log", "pending")
    )
    return f"""
    select * from (
      {parts}
      select operation, key, old_key, commit_lsn, seq, load_id from raw.dead_letter where table_name = '{table}'
      union all
      select {Operation.INSERT:d}, key, old_key, commit_lsn, seq, load_id from raw.moved where table_name = '{table}'
    ) where true
    """


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
