"""Reading the audit log back, to tell whether it is what was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from app.errors import StartError
from app.postgres import connect, place
from security.audit import AuditRow, Broken, first_broken

_ROWS = "select id, journal, position, record, seal, link from audit_log order by id"
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
            verdict.broken = first_broken(counted(_rows(connection)), secret, anchors)
    except psycopg.errors.InsufficientPrivilege as error:
        raise StartError(
            f"the role of {place(url)} may not read the audit log: "
            "give GATEWAY_ADMIN_DATABASE_URL the role that owns the gateway's tables"
        ) from error
    return verdict


def _rows(connection: psycopg.Connection) -> Iterator[AuditRow]:
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(_ROWS)
        for row_id, journal, position, record, seal, link in cursor:
            yield AuditRow(row_id, journal, position, record, bytes(seal), bytes(link))
