"""Finding the row of a file that broke a rule of its table, where PostgreSQL names only the rule."""

from collections.abc import Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from etl.files.faults import PERSONAL, Fault, shown
from etl.files.staging import LINE, Staged

_LINE = sql.Identifier(LINE)


def violation(connection: psycopg.Connection, staged: Staged, error: psycopg.errors.IntegrityError) -> Fault:
    """Say which row of the file broke which constraint."""
    broken = error.diag.constraint_name
    constraint = next((rule for rule in staged.file.table.constraints if rule.name == broken), None)
    found: Fault | None = None
    if constraint is not None and set(_names(constraint)) <= set(staged.columns):
        if isinstance(constraint, sa.ForeignKeyConstraint):
            found = _missing_row(connection, staged, constraint)
        elif isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint):
            found = repeated_row(connection, staged, _names(constraint)) or _taken(connection, staged, constraint)
        elif isinstance(constraint, sa.CheckConstraint):
            found = _failed_check(connection, staged, constraint)
    # Only the rule's name: what PostgreSQL says beside it holds values.
    return found or Fault(staged.file.name, f"a row breaks {broken or error.sqlstate} of {staged.file.table.name}")


def repeated_row(connection: psycopg.Connection, staged: Staged, names: Sequence[str]) -> Fault | None:
    """Find the first row with the same values in these columns as a row before it in the file."""
    columns = _listed(names)
    row = connection.execute(
        sql.SQL(
            "select line, first_line, {0} from (select {1} as line, min({1}) over same as first_line,"
            " row_number() over (same order by {1}) as nth, {0} from {2} where {3} window same as (partition by {0})) r"
            " where nth > 1 order by line limit 1"
        ).format(columns, _LINE, staged.relation, _comparable(staged, names))
    ).fetchone()
    if row is None:
        return None
    line, first, *values = row
    return _fault(staged, names, line, values, f"the same as on line {first}, where each row needs its own")


def _taken(
    connection: psycopg.Connection, staged: Staged, constraint: sa.UniqueConstraint | sa.PrimaryKeyConstraint
) -> Fault | None:
    """Find the first row whose values another row of the table has already."""
    names = _names(constraint)
    same = sql.SQL(" and ").join(
        sql.SQL("t.{0} is not distinct from s.{0}").format(sql.Identifier(name)) for name in names
    )
    values = sql.SQL(", ").join(sql.SQL("s.{}").format(sql.Identifier(name)) for name in names)
    row = connection.execute(
        sql.SQL(
            "select s.{}, t.id, {} from (select * from {} where {}) s join {} t on {} and t.id <> s.id"
            " order by 1 limit 1"
        ).format(
            _LINE,
            values,
            staged.relation,
            _comparable(staged, names),
            sql.Identifier(staged.file.table.name),
            same,
        )
    ).fetchone()
    if row is None:
        return None
    line, key, *found = row
    return _fault(staged, names, line, found, f"{staged.file.table.name} has it already, in the row {key}")


def _missing_row(connection: psycopg.Connection, staged: Staged, constraint: sa.ForeignKeyConstraint) -> Fault | None:
    """Find the first row that points to a row which is neither in the database nor in the files."""
    element = constraint.elements[0]
    name, target = element.parent.name, element.column.table.name
    absent = sql.SQL("not exists (select from {} r where r.id = s.{})").format(
        sql.Identifier(target), sql.Identifier(name)
    )
    if target == staged.file.table.name:
        own = sql.SQL("not exists (select from {} o where o.id = s.{})").format(staged.relation, sql.Identifier(name))
        absent = sql.SQL("{} and {}").format(absent, own)
    row = connection.execute(
        sql.SQL("select s.{0}, s.{1} from {2} s where s.{1} is not null and {3} order by 1 limit 1").format(
            _LINE, sql.Identifier(name), staged.relation, absent
        )
    ).fetchone()
    if row is None:
        return None
    line, *values = row
    return _fault(staged, [name], line, values, f"{target} has no such row, neither in the database nor in the files")


def _failed_check(connection: psycopg.Connection, staged: Staged, constraint: sa.CheckConstraint) -> Fault | None:
    """Find the first row for which a check does not hold."""
    rule = str(constraint.sqltext.compile(compile_kwargs={"literal_binds": True}))
    row = connection.execute(
        sql.SQL("select {} from {} where not ({}) order by 1 limit 1").format(_LINE, staged.relation, sql.SQL(rule))
    ).fetchone()
    if row is None:
        return None
    return Fault(staged.file.name, f"breaks the rule {rule}", line=row[0])


def _comparable(staged: Staged, names: Sequence[str]) -> sql.Composable:
    """Leave out rows that no other can equal: those with nulls, unless the constraint takes nulls as equal."""
    for constraint in staged.file.table.constraints:
        if (
            isinstance(constraint, sa.UniqueConstraint)
            and _names(constraint) == list(names)
            and constraint.dialect_options["postgresql"]["nulls_not_distinct"]
        ):
            return sql.SQL("true")
    return sql.SQL(" and ").join(sql.SQL("{} is not null").format(sql.Identifier(name)) for name in names)


def _fault(staged: Staged, names: Sequence[str], line: int, values: Sequence[Any], reason: str) -> Fault:
    """Make the fault of one column or several, without values that may not be shown."""
    if any(map(staged.is_personal, names)):
        value = PERSONAL
    else:
        value = ", ".join("empty" if value is None else shown(str(value), personal=False) for value in values)
    return Fault(staged.file.name, reason, line=line, column=" and ".join(names), value=value)


def _names(constraint: sa.Constraint) -> list[str]:
    """Return the columns that a constraint is about, of which there may be none."""
    return [column.name for column in getattr(constraint, "columns", ())]


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
