"""Where a database stands, and how it is brought in step."""

import shutil
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app import migration
from app.embedded import Stack
from app.errors import StartError
from app.migration import READER, Standing, draft, head, require_in_step, status, upgrade
from schema.entities import ENTITIES
from schema.entity import Entity
from schema.model import describe
from schema.policies import policy_statements
from tests.databases import at_database, database_name, new_database

TABLES = [table.name for table in Entity.metadata.sorted_tables]


def quiet(_: str) -> None:
    pass


def tables_of(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


@pytest.fixture
def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gateway's migrations and one more step, which makes a table and can be changed by the test."""
    folder = tmp_path / "of 100 % later"
    shutil.copytree(migration._FOLDER, folder)
    step = folder / "versions" / "r9999_later.py"
    step.write_text(
        '"""A later step."""\n\nfrom alembic import op\n\n'
        f'revision = "9999"\ndown_revision = "{head()}"\nbranch_labels = depends_on = None\n\n\n'
        'def upgrade() -> None:\n    op.execute("create table later (id int)")\n'
    )
    monkeypatch.setattr(migration, "_FOLDER", folder)
    return step


def test_an_empty_database_is_migrated_once(empty_database: str) -> None:
    told: list[str] = []
    assert status(empty_database).standing is Standing.EMPTY
    applied = upgrade(empty_database, report=told.append)
    assert applied[-1] == head()
    assert told[: len(applied)] == [line for line in told if line.startswith("migration ")]
    assert status(empty_database).standing is Standing.IN_STEP
    assert {*TABLES, "audit_log", "gateway_command", "gateway_state", "gateway_revision"} == tables_of(empty_database)
    assert upgrade(empty_database, report=told.append) == ()
    require_in_step(empty_database)


def test_a_start_on_an_empty_database_is_refused(empty_database: str) -> None:
    with pytest.raises(StartError, match=r"is without the gateway's tables: run `gateway migrate`"):
        require_in_step(empty_database)


def test_a_start_on_a_database_that_is_behind_is_refused(migrated_database: str, later_version: Path) -> None:
    found = status(migrated_database)
    assert (found.standing, found.head) == (Standing.BEHIND, "9999")
    with pytest.raises(StartError, match=rf"is behind, at revision {found.revision} of 9999: run `gateway migrate`"):
        require_in_step(migrated_database)
    assert upgrade(migrated_database, report=quiet) == ("9999",)
    require_in_step(migrated_database)
    assert "later" in tables_of(migrated_database)


@pytest.mark.parametrize("revision", ["9999", "000", "of another program"])
def test_a_database_of_a_newer_version_is_refused(migrated_database: str, revision: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute("update gateway_revision set version_num = %s", [revision])
    assert status(migrated_database).standing is Standing.AHEAD
    for use in (require_in_step, lambda url: upgrade(url, report=quiet)):
        with pytest.raises(
            StartError, match=rf"is ahead, at revision {revision}; .* knows {head()} at most: run the version"
        ):
            use(migrated_database)


def test_tables_of_something_else_are_left_alone(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table orders (id int); create table unrelated (id int)")
    assert status(empty_database).foreign == ("orders",)
    for use in (require_in_step, lambda url: upgrade(url, report=quiet)):
        with pytest.raises(StartError, match=r"in use by something else: it has tables named orders that"):
            use(empty_database)
    assert tables_of(empty_database) == {"orders", "unrelated"}


def test_unrelated_tables_do_not_stand_in_the_way(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table unrelated (id int); create table alembic_version (version_num text)")
        connection.execute("insert into alembic_version values ('of another program')")
    upgrade(empty_database, report=quiet)
    assert status(empty_database).standing is Standing.IN_STEP
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("table alembic_version").fetchall() == [("of another program",)]


def test_a_failing_step_leaves_nothing_of_any_step(empty_database: str, later_version: Path) -> None:
    later_version.write_text(later_version.read_text() + '    op.execute("select 1 / 0")\n')
    with pytest.raises(StartError, match="refused: division by zero; nothing was changed"):
        upgrade(empty_database, report=quiet)
    assert tables_of(empty_database) == set()
    assert status(empty_database).standing is Standing.EMPTY


def test_two_starts_at_once_migrate_once(empty_database: str) -> None:
    told: list[str] = []
    applied: list[tuple[str, ...]] = []

    def start() -> None:
        applied.append(upgrade(empty_database, report=told.append))

    with psycopg.connect(empty_database) as holder:
        holder.execute("select pg_advisory_xact_lock(%s)", [migration._LOCK])
        threads = [threading.Thread(target=start) for _ in range(3)]
        for thread in threads:
            thread.start()
        with psycopg.connect(empty_database, autocommit=True) as watcher:
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            while watcher.execute(waiting).fetchone() != (3,):
                pass
        assert tables_of(empty_database) == set()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, applied)) == [False, False, True]
    assert told.count("another process is migrating this database: waiting for it") == 3


def test_the_serving_role_may_read_and_nothing_else(stack: Stack, empty_database: str) -> None:
    upgrade(empty_database, report=quiet)
    serving = at_database(stack.endpoints.database_url, database_name(empty_database))
    require_in_step(serving)
    with psycopg.connect(serving, autocommit=True) as connection:
        for table in [*TABLES, "gateway_state"]:
            found = connection.execute(f"select * from {table}".encode()).fetchall()
            assert [row[0] for row in found] == (["policies"] if table == "gateway_state" else [])
            for write in ("insert into {} default values", "delete from {}", "truncate {}", "drop table {}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(write.format(table).encode())


def test_another_role_may_serve(stack: Stack, empty_database: str) -> None:
    told: list[str] = []
    upgrade(empty_database, report=told.append, reader="reader of others")
    assert any("no role reader of others here" in line for line in told)
    with psycopg.connect(empty_database) as connection:
        connection.execute('create role "reader of others"')
        try:
            connection.commit()
            upgrade(empty_database, report=told.append, reader="reader of others")
            rights = connection.execute("select has_table_privilege('reader of others', 'orders', 'select')").fetchone()
            assert rights == (True,)
        finally:
            connection.execute('drop owned by "reader of others"; drop role "reader of others"')
    assert told[-2:] == [
        f"role reader of others may now read {len(TABLES) + 2} tables",
        "row policies for the role reader of others",
    ]


def restricting(connection: psycopg.Connection) -> int:
    found = connection.execute("select count(*) from pg_policies where permissive = 'RESTRICTIVE'").fetchone()
    return found[0] if found else 0


def test_policies_of_another_version_are_put_up_anew(migrated_database: str) -> None:
    told: list[str] = []
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        restrictive = restricting(connection)
        for statement in policy_statements(describe(ENTITIES), READER, restrictive=False):
            connection.execute(statement.encode())
        assert restricting(connection) == 0
        upgrade(migrated_database, report=told.append)
        assert (told, restricting(connection)) == (["row policies for the role gateway"], restrictive)
        connection.execute("update gateway_state set value = jsonb_set(value, '{digest}', '\"of another version\"')")
        upgrade(migrated_database, report=told.append)
        upgrade(migrated_database, report=told.append)
        assert (len(told), restricting(connection)) == (2, restrictive)


@pytest.mark.parametrize("reader", ["gateway", "owns"])
def test_an_owner_with_the_rights_of_the_serving_role_keeps_all_rows(empty_database: str, reader: str) -> None:
    owner = make_conninfo(empty_database, user="owns", password="secret")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create role owns login password 'secret'; grant gateway to owns")
        connection.execute(f"alter database {database_name(empty_database)} owner to owns".encode())
        try:
            upgrade(owner, report=quiet, reader=reader)
            assert restricting(connection) == 0
            with psycopg.connect(owner) as owning:
                assert owning.execute("insert into categories (id, name) values (1, 'A')").rowcount == 1
                assert owning.execute("select count(*) from categories").fetchone() == (1,)
                owning.execute("set role gateway")
                if reader == "gateway":
                    assert owning.execute("select count(*) from categories").fetchone() == (0,)
                owning.rollback()
        finally:
            connection.execute("reassign owned by owns to current_user; drop owned by owns; drop role owns")


def test_a_serving_role_without_rights_is_told_how_to_get_them(stack: Stack, empty_database: str) -> None:
    serving = at_database(stack.endpoints.database_url, database_name(empty_database))
    upgrade(empty_database, report=quiet, reader="another role")
    with pytest.raises(StartError, match=r"may not read there: run `gateway migrate`, which grants it"):
        require_in_step(serving)
    upgrade(empty_database, report=quiet)
    require_in_step(serving)


def test_the_serving_role_is_let_into_a_schema_that_is_closed(stack: Stack, empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("revoke all on schema public from public")
    upgrade(empty_database, report=quiet)
    serving = at_database(stack.endpoints.database_url, database_name(empty_database))
    require_in_step(serving)
    with psycopg.connect(serving) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)


def test_a_role_that_may_not_migrate_is_told_which_to_use(stack: Stack) -> None:
    with new_database(stack.endpoints.owner_url) as url:
        serving = at_database(stack.endpoints.database_url, database_name(url))
        with pytest.raises(StartError, match=r"refused: permission denied .* GATEWAY_ADMIN_DATABASE_URL"):
            upgrade(serving, report=quiet)


def test_a_short_limit_for_statements_does_not_end_a_migration(empty_database: str, later_version: Path) -> None:
    later_version.write_text(later_version.read_text() + '    op.execute("select pg_sleep(0.4)")\n')
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"alter database {database_name(empty_database)} set statement_timeout = 200".encode())
    assert upgrade(empty_database, report=quiet)[-1] == "9999"
    assert "later" in tables_of(empty_database)


def test_the_next_step_is_drafted_from_what_the_database_lacks(
    migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migration._FOLDER, folder)
    monkeypatch.setattr(migration, "_FOLDER", folder)
    with psycopg.connect(migrated_database) as connection:
        connection.execute("alter table orders drop column notes")
    path = draft(migrated_database, "Bring back the notes of orders")
    assert path.parent == folder / "versions"
    assert path.name == f"r{int(head()):04}_bring_back_the_notes_of_orders.py"
    text = path.read_text()
    assert text.startswith('"""Bring back the notes of orders."""\n')
    assert "op.add_column('orders', sa.Column('notes', sa.Text()" in text
    assert "gateway_state" not in text
    assert capsys.readouterr().out == ""
    assert len(upgrade(migrated_database, report=quiet)) == 1


def test_a_draft_needs_a_database_in_step(empty_database: str) -> None:
    with pytest.raises(StartError, match="run `gateway migrate`"):
        draft(empty_database, "Anything")
