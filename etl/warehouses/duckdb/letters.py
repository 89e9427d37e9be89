"""Dead letters: kept with what is needed to read them again, and never built upon."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, Final

import duckdb
import pyarrow as pa

from etl.changes import ARROW, Changes, DeadLetter, Operation

NEEDS_EARLIER: Final = "needs a value of an earlier dead letter"
_COLUMNS: Final = (
    "table_name, commit_lsn, seq, key, column_name, reason, raw, operation, old_key, committed_at, form, columns"
)
# A longer one does not fit into the memory that DuckDB is given.
_LONGEST: Final = 16 * 2**20
NOT_KEPT: Final = "too long to be kept: a change of the row or a copy answers it"
Keys = set[int | None]


def bury(cursor: duckdb.DuckDBPyConnection, letters: Sequence[DeadLetter], load_id: int) -> None:
    """Keep letters, very long ones without what came; one that is sent again takes the earlier's place."""
    for letter in letters:
        one = letter if len(letter.raw) <= _LONGEST else _without_raw(letter)
        forget(cursor, one)
        columns = json.dumps(one.columns)
        values = [one.table, one.commit_lsn, one.seq, one.key, one.column, one.reason, one.raw, int(one.operation)]
        cursor.execute(
            f"insert into raw.dead_letter ({_COLUMNS}, load_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [*values, one.old_key, one.committed_at, one.form, columns, load_id],
        )


def _without_raw(letter: DeadLetter) -> DeadLetter:
    """Return a letter that nothing reads again, which its reason tells."""
    return replace(letter, raw=b"", form="", columns=(), reason=f"{letter.reason}; {NOT_KEPT}")


def _read(*kept: Any) -> DeadLetter:
    said = dict(zip((field.name for field in fields(DeadLetter)), kept, strict=True))
    told = tuple((name, oid) for name, oid in json.loads(said["columns"]))
    return DeadLetter(**said | {"operation": Operation(said["operation"]), "columns": told})


def forget(cursor: duckdb.DuckDBPyConnection, letter: DeadLetter) -> None:
    """Let a letter go."""
    _forget(cursor, "table_name = ? and commit_lsn = ? and seq = ?", [letter.table, letter.commit_lsn, letter.seq])


def forget_before(cursor: duckdb.DuckDBPyConnection, table: str, lsn: int) -> None:
    """Let the letters of a table go that were committed before an LSN: a copy answers them."""
    _forget(cursor, "table_name = ? and commit_lsn < ?", [table, lsn])


def _forget(cursor: duckdb.DuckDBPyConnection, condition: str, values: Sequence[Any]) -> None:
    # Nothing else tells under which key the row was known before: an erasure has to find it there, too.
    cursor.execute(
        "insert into raw.moved select table_name, commit_lsn, seq, key, old_key, load_id from raw.dead_letter"
        f" where {condition} and old_key is not null",
        values,
    )
    cursor.execute(f"delete from raw.dead_letter where {condition}", values)


def kept_letters(cursor: duckdb.DuckDBPyConnection, table: str | None) -> list[DeadLetter]:
    """Return the letters of a table, or of all, in the order of the changes."""
    found = cursor.execute(
        f"select {_COLUMNS} from raw.dead_letter where $1 is null or table_name = $1 order by commit_lsn, seq", [table]
    ).fetchall()
    return [_read(*row) for row in found]


def poisoned_keys(cursor: duckdb.DuckDBPyConnection, table: str) -> Keys:
    """Return the keys of rows whose newest change is a dead letter: what is known of them is out of date."""
    found = cursor.execute(
        f"""
        select distinct key from raw.dead_letter as letter where table_name = $1 and key is not null and not exists (
          select 1 from raw.{table}__log
          where _key = letter.key and row(_commit_lsn, _seq) > row(letter.commit_lsn, letter.seq)
        )
        """,
        [table],
    ).fetchall()
    return {key for (key,) in found}


def without_dependants(
    changes: Changes, letters: Iterable[DeadLetter], poisoned: Keys
) -> tuple[Changes, list[DeadLetter]]:
    """Take those changes out that need an unsent value of a dead letter, as letters themselves.

    `poisoned` is brought up to date with the changes and the letters of the table that came with them.
    """
    records = changes.records
    events = [(letter.commit_lsn, letter.seq, -1, letter.key) for letter in letters]
    names = ("_commit_lsn", "_seq", "_key", "_old_key", "_op", "_unchanged")
    lsns, seqs, keys, old_keys, operations, masks = (records.column(name).to_pylist() for name in names)
    events += [(lsn, seq, row, key) for row, (lsn, seq, key) in enumerate(zip(lsns, seqs, keys, strict=True))]
    taken = []
    for _, _, row, key in sorted(events, key=lambda event: event[:3]):
        if row < 0:
            poisoned.add(key)
        elif operations[row] == Operation.TRUNCATE:
            poisoned.clear()
        elif operations[row] == Operation.DELETE:
            # A deleted row may go on under another key, which asks for its values.
            continue
        elif masks[row] and (key if old_keys[row] is None else old_keys[row]) in poisoned:
            poisoned.add(key)
            taken.append(row)
        else:
            poisoned.discard(key)
    return _without(changes, taken)


def _without(changes: Changes, rows: list[int]) -> tuple[Changes, list[DeadLetter]]:
    if not rows:
        return changes, []
    keep = pa.array([row not in set(rows) for row in range(changes.records.num_rows)])
    letters = [_letter(changes.table, changes.records.slice(row, 1)) for row in rows]
    return Changes(changes.table, changes.records.filter(keep)), letters


def _letter(table: str, record: pa.RecordBatch) -> DeadLetter:
    row = {name: record.column(name)[0].as_py() for name in record.schema.names if name.startswith("_")}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, record.schema) as stream:
        stream.write_batch(record)
    return DeadLetter(
        table=table,
        commit_lsn=row["_commit_lsn"],
        seq=row["_seq"],
        key=row["_key"],
        column="",
        reason=NEEDS_EARLIER,
        raw=sink.getvalue().to_pybytes(),
        operation=Operation(row["_op"]),
        old_key=row["_old_key"],
        committed_at=row["_committed_at"],
        form=ARROW,
    )
