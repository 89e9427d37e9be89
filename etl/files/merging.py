"""Bringing staged rows into their tables: new ones are inserted, equal ones left, others refused or overwritten."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from etl.files.faults import Fault, LoadRefused
from etl.files.staging import LINE, Staged
from etl.files.violations import repeated_row, violation

_UPDATE_HINT = "load with --update to overwrite"


@dataclass(frozen=True)
class TableLoad:
    """What became of the rows of one file."""

    table: str
    file: str
    rows: int
    inserted: int
    unchanged: int
    updated: int
    seconds: float


def merge(connection: psycopg.Connection, staged: Staged, *, update: bool) -> TableLoad:
    """Write the rows of one file. LoadRefused when keys, links or rows that are there stand against it."""
    start = time.perf_counter()
    repeated = repeated_row(connection, staged, ("id",))
    if repeated is not None:
        raise LoadRefused(repeated)
    changed = _count_changed(connection, staged)
    if changed and not update:
        raise LoadRefused(_conflict(connection, staged, changed))
    try:
        # The inner transaction is a savepoint: after a fault the staged rows are still there to be looked through.
        with connection.transaction():
            updated = _update(connection, staged) if changed else 0
            inserted = _insert(connection, staged)
    except psycopg.errors.IntegrityError as error:
        raise LoadRefused(violation(connection, staged, error)) from None
    return TableLoad(
        table=staged.file.table.name,
        file=staged.file.name,
        rows=staged.rows,
        inserted=inserted,
        unchanged=staged.rows - inserted - updated,
        updated=updated,
        seconds=staged.seconds + time.perf_counter() - start,
    )


def _count_changed(connection: psycopg.Connection, staged: Staged) -> int:
    """Count the rows that are there with other content."""
    row = connection.execute(
        sql.SQL("select count(*) from {} s join {} t using (id) where {}").format(
            staged.relation, _table(staged), _differs(staged)
        )
    ).fetchone()
    return 0 if row is None else int(row[0])


def _conflict(connection: psycopg.Connection, staged: Staged, count: int) -> Fault:
    """Tell of the first row that is there with other content; names of columns only, values may be personal."""
    columns = _content(staged)
    differences = [sql.SQL("s.{0} is distinct from t.{0}").format(sql.Identifier(name)) for name in columns]
    row = connection.execute(
        sql.SQL("select s.{}, s.id, {} from {} s join {} t using (id) where {} order by 1 limit 1").format(
            sql.Identifier(LINE), _listed(differences), staged.relation, _table(staged), _differs(staged)
        )
    ).fetchone()
    if row is None:
        raise RuntimeError("a row that differed is gone")
    line, key, *flags = row
    names = ", ".join(name for name, is_other in zip(columns, flags, strict=True) if is_other)
    others = f", and {count - 1} more rows of the file differ" if count > 1 else ""
    reason = f"{staged.file.table.name} has the row {key} with another {names}{others}; {_UPDATE_HINT}"
    return Fault(staged.file.name, reason, line=line)


def _update(connection: psycopg.Connection, staged: Staged) -> int:
    assignments = [sql.SQL("{0} = s.{0}").format(sql.Identifier(name)) for name in _content(staged)]
    return connection.execute(
        sql.SQL("update {} t set {} from {} s where t.id = s.id and {}").format(
            _table(staged), _listed(assignments), staged.relation, _differs(staged)
        )
    ).rowcount


def _insert(connection: psycopg.Connection, staged: Staged) -> int:
    names = _listed(sql.Identifier(name) for name in staged.columns)
    return connection.execute(
        sql.SQL(
            "insert into {0} ({1}) select {1} from {2} s where not exists (select from {0} t where t.id = s.id)"
            " order by s.{3}"
        ).format(_table(staged), names, staged.relation, sql.Identifier(LINE))
    ).rowcount


def _differs(staged: Staged) -> sql.Composable:
    """Compare a staged row `s` with the row `t` of the same id, in the columns of the file."""
    names = _content(staged)
    if not names:
        return sql.SQL("false")
    sides = [
        _listed(sql.SQL("{}.{}").format(sql.Identifier(side), sql.Identifier(name)) for name in names) for side in "st"
    ]
    return sql.SQL("row({}) is distinct from row({})").format(*sides)


def _content(staged: Staged) -> Sequence[str]:
    """Return the file's columns beside the id."""
    return [name for name in staged.columns if name != "id"]


def _table(staged: Staged) -> sql.Identifier:
    return sql.Identifier(staged.file.table.name)


def _listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
