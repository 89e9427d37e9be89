"""The audit log in the graph: those who may read it find what was shipped, and nobody else learns that it is there."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.dialects import postgresql

from app.audit.anchors import Anchors
from app.audit.shipping import Shipping
from app.embedded import Stack
from resolvers.database import Database
from resolvers.engine import Answer, Engine, Operation
from schema.entities.audit_record import AuditRecord
from security.principal import Principal
from security.roles import Role
from tests.databases import new_database
from tests.graph import CURSORS, LIMITS, serving_url
from tests.model.world import GRAPH

BEGIN = dt.datetime(2026, 9, 21, 14, 13, 20, tzinfo=dt.UTC)
PAGE = """
query ($where: AuditRecordFilter, $after: String) {
  auditRecords(first: 2, after: $after, where: $where, orderBy: [{field: AT, direction: DESC}]) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { at subject outcome personal subjects }
  }
}
"""


def record(number: int) -> bytes:
    told: dict[str, Any] = {
        "at": BEGIN + dt.timedelta(seconds=number),
        "subject": f"somebody {number % 2}",
        "outcome": "ANSWERED",
    }
    if number == 3:
        told |= {"outcome": "THROTTLED"}
    if number == 4:
        told |= {"personal": "Customer.email", "subjects": "Customer:14 Customer:140 "}
    return orjson.dumps(told)


@pytest_asyncio.fixture
async def database(stack: Stack, migrated_template: str, tmp_path: Path) -> AsyncIterator[str]:
    """The serving role's URL of a database with five records, shipped as the gateway ships them."""
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        served = serving_url(stack, url)
        shipping = Shipping(served, tmp_path, Anchors(tmp_path / "anchors"), b"a secret")
        for number in range(1, 6):
            shipping.journal.append(record(number))
        assert await shipping.ship()
        await shipping.close(asyncio.sleep(0))
        yield served


async def asked(url: str, role: Role, document: str, **variables: Any) -> tuple[Answer, Any]:
    database = await Database.open(url)
    try:
        engine = Engine(database, GRAPH, limits=LIMITS, cursors=CURSORS)
        principal = Principal("somebody", frozenset({role}), regions=("Sul",))
        answer = await engine.execute(Operation(document, None, variables), principal)
    finally:
        await database.close()
    return answer, json.loads(answer.body)


async def test_pages_go_back_in_time(database: str) -> None:
    _, first = await asked(database, Role.ADMIN, PAGE)
    page = first["data"]["auditRecords"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, True)
    _, second = await asked(database, Role.ADMIN, PAGE, after=page["pageInfo"]["endCursor"])
    seen = [node["subject"] for node in page["nodes"] + second["data"]["auditRecords"]["nodes"]]
    assert seen == ["somebody 1", "somebody 0", "somebody 1", "somebody 0"]


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"subject": {"eq": "somebody 0"}}, 2),
        ({"outcome": {"eq": "THROTTLED"}}, 1),
        ({"at": {"gte": "2026-09-21T14:13:24Z"}}, 2),
        ({"subjects": {"contains": "Customer:14 "}}, 1),
        ({"subjects": {"contains": "Customer:1 "}}, 0),
    ],
)
async def test_records_are_found(database: str, where: dict[str, Any], count: int) -> None:
    _, told = await asked(database, Role.ADMIN, PAGE, where=where)
    assert told["data"]["auditRecords"]["totalCount"] == count


async def test_who_reads_the_log_is_in_it_too(database: str) -> None:
    answer, _ = await asked(database, Role.ADMIN, PAGE)
    assert answer.access
    assert answer.access.is_sensitive
    assert answer.access.personal == ("AuditRecord.subject",)
    assert answer.access.subjects == ("AuditRecord:5", "AuditRecord:4")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_for_others_there_is_no_log(database: str, role: Role) -> None:
    _, told = await asked(database, role, "{ auditRecords { totalCount } }")
    [error] = told["errors"]
    assert "data" not in told
    assert error["message"].startswith("Cannot query field 'auditRecords' on type 'Query'.")


def test_the_policy_shows_no_row_without_the_capability(database: str) -> None:
    with psycopg.connect(database) as connection:
        for capabilities, rows in ((" orders:read ", 0), ("", 0), (" audit:read ", 5)):
            connection.execute("select set_config('gateway.capabilities', %s, false)", [capabilities])
            assert connection.execute("select count(*) from audit_log").fetchone() == (rows,)


def test_the_table_has_what_is_declared(database: str) -> None:
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select attname, format_type(atttypid, null), attnotnull, col_description(attrelid, attnum)"
            " from pg_attribute where attrelid = 'audit_log'::regclass and attnum > 0 and attname <> 'id'"
        ).fetchall()
    dialect = postgresql.dialect()
    declared = {
        (column.name, column.type.compile(dialect).lower(), not column.nullable, column.comment)
        for column in AuditRecord.__table__.columns
        if column.name != "id"
    }
    # Beside that it has what binds the rows.
    assert {name for name, *_ in set(found) - declared} == {"journal", "position", "record", "seal", "link"}
    assert declared <= set(found)
