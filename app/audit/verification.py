"""Reading the audit log back, to tell whether it is what was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from app.errors import StartError
from app.postgres import connect, place
from schema.entities.audit_record import AuditRecord
from security.audit import AuditRow, Broken, first_broken

_TOLD = tuple(column.name for column in AuditRecord.__table__.columns if column.name != "id")
_ROWS = sql.SQL("select id, journal, position, record, seal, link, {} from audit_log order by id").format(
    sql.SQL(", ").join(map(sql.Identifier, _TOLD))
)
_BATCH = 2_000


@dataclass
class Verdict:
    """What reading the log came to: how many rows were read until the end or the first broken one."""

    rows: int = 0
    broken: Broken | None = None


def verify(url: str, secret: bytes, anchors: Mapping[int, bytes]) -> Verdict:
    """Read the log of a database as the owner of its tables."""
    verdict = Verdict()

    def counted(rows: Iterator[AuditRow]) -> Iterator[AuditRow]:
        for row in rows:
            verdict.rows += 1
            yield row

    try:
        with connect(url) as connection:
            verdict.broken = first_broken(counted(rows_of(connection)), secret, anchors)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartError(
            f"the role of {place(url)} may not read the audit log: "
            "give GATEWAY_ADMIN_DATABASE_URL the role that owns the gateway's tables"
        ) from error
    return verdict


def rows_of(connection: psycopg.Connection) -> Iterator[AuditRow]:
    """Yield the rows of the log in their order."""
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_ROWS)
        for row_id, journal, position, record, seal, link, *told in cursor:
            columns = dict(zip(_TOLD, told, strict=True))
            yield AuditRow(row_id, journal.hex, position, record, bytes(seal), bytes(link), columns)
