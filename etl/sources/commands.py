"""Commands to whoever reads the change log: rows of a table of the source, which come in the log like any others.

Whoever may write the table may command. A message in the log (`pg_logical_emit_message`) would not tell who wrote it:
by default everybody who may connect can write one, and managed servers let nobody take that right away.
"""

from typing import Any, Final

import psycopg
import pyarrow as pa

from etl.changes import Changes, ColumnShape, CopyAgain, Erase, Operation, TableShape

COMMANDS: Final = TableShape(
    "gateway_command",
    (
        ColumnShape("id", pa.int64(), nullable=False, description="Number of the command."),
        ColumnShape("command", pa.string(), nullable=False, description="`copy` or `erase`."),
        ColumnShape("about", pa.string(), nullable=False, description="The table that it is about."),
        ColumnShape("key", pa.int64(), nullable=True, description="Key of the row to erase."),
        ColumnShape("low", pa.int64(), nullable=True, description="Least key of the rows to copy; null for all."),
        ColumnShape("high", pa.int64(), nullable=True, description="Greatest key of the rows to copy; null for all."),
        ColumnShape("request", pa.string(), nullable=True, description="By what it is known who asked for a copy."),
    ),
)

_COPY: Final = "insert into gateway_command (command, about, low, high, request) values ('copy', %s, %s, %s, %s)"
_REPEAT: Final = """
with again as (update gateway_command set asked_at = now() where command = 'erase' returning about)
insert into gateway_command (command, about, request)
select distinct 'copy', about, 'erased:' || about || ':' || pg_current_xact_id() from again
"""


def commands_of(changes: Changes) -> list[CopyAgain | Erase]:
    """Return what the rows of the table command; an erasure holds as of its commit."""
    given = (int(Operation.INSERT), int(Operation.UPDATE))
    rows = [row for row in changes.records.to_pylist() if row["_op"] in given]
    return [command for row in rows if (command := _command(row)) is not None]


def ask_for_copy(connection: psycopg.Connection, wanted: CopyAgain) -> None:
    """Ask whichever worker reads the log to copy a table, or a part of it, again."""
    connection.execute(_COPY, [wanted.table, wanted.low, wanted.high, wanted.id])


def repeat_erasures(connection: psycopg.Connection) -> None:
    """Command all erasures again, because some may have been given while nobody could hear them.

    An erasure takes all that was committed before it, and by now that is also what stands in the row instead: copies of
    the tables bring that back.
    """
    connection.execute(_REPEAT)


def _command(row: dict[str, Any]) -> CopyAgain | Erase | None:
    match row:
        case {"command": "copy", "about": str(table), "request": str(request), "low": low, "high": high}:
            return CopyAgain(table, request, low, high)
        case {"command": "erase", "about": str(table), "key": int(key), "_commit_lsn": lsn}:
            return Erase(table, key, lsn)
        case _:
            return None
