"""The audit log in the database: what is shipped is there once, in order, and whoever changes it is found out."""

import asyncio
import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import asyncpg
import orjson
import psycopg
import pytest
from psycopg import sql

from app.audit.anchors import Anchors
from app.audit.journal import Journal
from app.audit.shipping import Shipping
from app.audit.verification import rows_of, verify
from app.embedded import Stack
from security.audit import START, AuditRow, Broken, link_of, seal_of
from tests.graph import serving_url

BEGIN = dt.datetime(2026, 9, 21, 14, 13, 20, 250_001, dt.UTC)
SECRET = b"a secret that the database does not have"


@dataclass(frozen=True)
class Log:
    """An audit log with some rows, shipped in two batches."""

    owner_url: str
    serving_url: str
    folder: Path

    @property
    def anchors(self) -> Anchors:
        return Anchors(self.folder / "anchors.jsonl")

    def ship(self, *batches: list[bytes]) -> None:
        """Append records and ship them, a batch at a time."""

        async def shipped() -> None:
            shipping = Shipping(self.serving_url, self.folder, self.anchors, SECRET)
            for batch in batches:
                for record in batch:
                    shipping.journal.append(record)
                assert await shipping.ship()
            await shipping.close(asyncio.sleep(0))

        asyncio.run(shipped())

    def broken(self) -> Broken | None:
        return verify(self.owner_url, SECRET, self.anchors.all()).broken

    def tamper(self, *statements: str) -> None:
        """Change the log as somebody would who owns the tables."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute("alter table audit_log disable trigger gateway_audit_only_appends")
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self) -> list[AuditRow]:
        with psycopg.connect(self.owner_url) as connection:
            return list(rows_of(connection))

    def add(self, row: AuditRow, *statements: str) -> None:
        """Add a row behind the others, linked as it should be."""
        told = {name: value for name, value in row.columns.items() if value is not None}
        names = ["id", "journal", "position", "record", "seal", "link", *told]
        values = [row.id, row.journal, row.position, row.record, row.seal, link_of(self.rows()[-1].link, row)]
        self.tamper(*statements)
        with psycopg.connect(self.owner_url) as connection:
            connection.execute(
                sql.SQL("insert into audit_log ({}) values ({})").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)),
                    sql.SQL(", ").join([sql.Placeholder()] * len(names)),
                ),
                [*values, *told.values()],
            )

    def link_anew(self, since: int) -> None:
        """Make the chain again from a row on, as it was made first."""
        with psycopg.connect(self.owner_url) as connection:
            previous = START
            for row in self.rows():
                previous = link_of(previous, row) if row.id >= since else row.link
                connection.execute("update audit_log set link = %s where id = %s", [previous, row.id])


def record(number: int) -> bytes:
    return orjson.dumps(
        {"at": BEGIN + dt.timedelta(seconds=number), "subject": f"somebody {number}", "outcome": "ANSWERED"}
    )


@pytest.fixture
def log(stack: Stack, migrated_database: str, tmp_path: Path) -> Log:
    log = Log(migrated_database, serving_url(stack, migrated_database), tmp_path)
    log.ship([record(number) for number in range(1, 6)], [record(number) for number in range(6, 11)])
    return log


def test_a_log_that_nobody_touched_is_whole(log: Log) -> None:
    assert log.broken() is None
    assert list(log.anchors.all()) == [5, 10]
    assert [row.id for row in log.rows()] == list(range(1, 11))
    with psycopg.connect(log.owner_url) as connection:
        found = connection.execute("select at, subject, outcome, actor from audit_log where id = 7")
        assert found.fetchone() == (BEGIN + dt.timedelta(seconds=7), "somebody 7", "ANSWERED", None)


async def test_what_was_left_behind_is_shipped_once_by_whichever_process_is_first(
    migrated_database: str, stack: Stack, tmp_path: Path
) -> None:
    url, anchors = serving_url(stack, migrated_database), Anchors(tmp_path / "anchors.jsonl")
    processes = [Shipping(url, tmp_path, anchors, SECRET) for _ in range(4)]
    try:
        for begin in range(0, 100, 5):
            left = Journal(tmp_path)
            for number in range(begin, begin + 5):
                left.append(record(number))
            left.close()
            assert await asyncio.gather(*(process.ship() for process in processes)) == [True] * 4
    finally:
        for process in processes:
            await process.close(asyncio.sleep(0))
    verdict = verify(migrated_database, SECRET, anchors.all())
    assert (verdict.rows, verdict.broken) == (100, None)


def test_an_empty_log_is_whole(migrated_database: str) -> None:
    assert verify(migrated_database, SECRET, {}).broken is None


def test_a_changed_record(log: Log) -> None:
    log.tamper("update audit_log set record = replace(record, 'somebody 4', 'nobody') where id = 4")
    assert log.broken() == Broken(4, "was changed, or not written by a gateway with this secret")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("subject = 'nobody'", "subject"),
        ("subject = 'somebody 5'", "subject"),
        ("outcome = 'FORBIDDEN'", "outcome"),
        ("at = at + interval '1 microsecond'", "at"),
        ("actor = 'an agent'", "actor"),
        ("personal = ''", "personal"),
        ("subjects = null, coordinates = 'Query.orders'", "coordinates"),
    ],
)
def test_a_column_that_does_not_say_what_its_record_says(log: Log, change: str, column: str) -> None:
    log.tamper(f"update audit_log set {change} where id = 4")
    assert log.broken() == Broken(4, f"was changed: `{column}` is not what its record says")


def test_a_changed_record_in_a_chain_made_anew(log: Log) -> None:
    log.tamper("update audit_log set record = replace(record, 'somebody 4', 'nobody') where id = 4")
    log.link_anew(4)
    assert log.broken() == Broken(4, "was changed, or not written by a gateway with this secret")


def test_a_deleted_row(log: Log) -> None:
    log.tamper("delete from audit_log where id = 3")
    assert log.broken() == Broken(3, "is missing")


def test_a_deleted_row_whose_number_others_took(log: Log) -> None:
    log.tamper(
        "delete from audit_log where id = 3",
        "update audit_log set id = -id where id > 3",
        "update audit_log set id = -id - 1 where id < 0",
    )
    assert log.broken() == Broken(3, "does not follow from the row before it")
    log.link_anew(3)
    found = log.broken()
    assert found is not None
    assert found.id == 1
    assert "row 5 is not the one that the anchor tells of" in found.reason


def test_a_deleted_first_row(log: Log) -> None:
    log.tamper("delete from audit_log where id = 1")
    assert log.broken() == Broken(1, "is missing")


def test_rows_in_another_order(log: Log) -> None:
    log.tamper(
        "update audit_log set id = 0 where id = 6",
        "update audit_log set id = 6 where id = 7",
        "update audit_log set id = 7 where id = 0",
    )
    assert log.broken() == Broken(6, "does not follow from the row before it")
    log.link_anew(6)
    assert log.broken() == Broken(7, "comes after one that was written later")


def test_a_truncated_log(log: Log) -> None:
    log.tamper("truncate audit_log")
    assert log.broken() == Broken(1, "is missing: the anchor tells of later rows")


def test_a_cut_off_end(log: Log) -> None:
    log.tamper("delete from audit_log where id > 8")
    assert log.broken() == Broken(9, "is missing: the anchor tells of later rows")


def test_a_cut_off_end_that_the_gateway_went_on_from(log: Log) -> None:
    log.ship([])
    log.tamper("delete from audit_log where id > 8")
    log.ship([record(number) for number in range(20, 25)])
    found = log.broken()
    assert found is not None
    assert found.id == 6
    assert "row 10 is not the one that the anchor tells of" in found.reason


def test_a_cut_off_end_whose_last_row_came_again(log: Log) -> None:
    """Another link is noted then for the same row, and the first one counts."""
    log.ship([])
    log.tamper("delete from audit_log where id > 8")
    log.ship([record(20), record(21)])
    found = log.broken()
    assert found is not None
    assert "row 10 is not the one that the anchor tells of" in found.reason


def test_an_inserted_row(log: Log) -> None:
    """Linked as it should be, at the very end, where no anchor is yet: only the seal can't be made."""
    last = log.rows()[-1]
    log.add(replace(last, id=11, position=last.position + 100, seal=seal_of(b"guessed", "", 0, b"")))
    assert log.broken() == Broken(11, "was changed, or not written by a gateway with this secret")


def test_a_row_that_was_written_twice(log: Log) -> None:
    again = replace(log.rows()[0], id=11)
    log.add(again, "alter table audit_log drop constraint audit_log_journal_position_key")
    assert log.broken() == Broken(11, "comes after one that was written later")


@pytest.mark.parametrize(
    "statement",
    [
        "select record from audit_log",
        "select seal, link from audit_log",
        "insert into audit_log default values",
        "update audit_log set record = '{}'",
        "delete from audit_log",
        "truncate audit_log",
        "alter table audit_log disable trigger all",
        "drop table audit_log",
    ],
)
def test_the_serving_role_only_appends(log: Log, statement: str) -> None:
    with psycopg.connect(log.serving_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("statement", ["update audit_log set id = id", "delete from audit_log", "truncate audit_log"])
def test_the_owner_does_not_change_it_by_mistake(log: Log, statement: str) -> None:
    with psycopg.connect(log.owner_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_a_journal_shipped_again_adds_nothing(log: Log) -> None:
    """As after a crash between the database's commit and the note of it."""
    journal = Journal(log.folder)
    for number in range(3):
        journal.append(record(number))
    copy = journal.path.read_bytes().rstrip(b"\0")
    journal.close()
    log.ship([])
    assert len(log.rows()) == 13
    assert not journal.path.exists()
    journal.path.write_bytes(copy + record(3) + b"\n")
    log.ship([])
    assert [orjson.loads(row.record)["subject"] for row in log.rows()][10:] == [f"somebody {n}" for n in range(4)]
    assert log.broken() is None


async def test_shipping_outlives_faults_that_nobody_foresaw(log: Log) -> None:
    """As when the server ends the connection while nobody asks it: asyncpg calls that a fault of its own."""
    shipping = Shipping(log.serving_url, log.folder, log.anchors, SECRET)
    shipping.journal.append(record(1))
    assert await shipping.ship()

    class Lost:
        async def fetchrow(self, *_: object) -> NoReturn:
            raise asyncpg.InternalClientError("got result for unknown protocol state 0")

        close = fetchrow

        def terminate(self) -> None:
            pass

    kept, shipping._connection = shipping._connection, Lost()
    shipping.journal.append(record(2))
    assert not await shipping.ship()
    await kept.close()
    assert await shipping.ship()
    assert log.broken() is None
    await shipping.close(asyncio.sleep(0))
