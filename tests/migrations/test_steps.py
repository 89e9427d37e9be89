"""The steps of the migrations lead to exactly what the entities declare."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import migrations
from app.migration import READER, VERSION_TABLE, offline_sql, upgrade
from schema.entity import Entity
from tests.catalogue import catalogue

TABLES = [table.name for table in Entity.metadata.sorted_tables]
OWN_TABLES = ["gateway_state", "gateway_command", "audit_log", VERSION_TABLE]
ROOT = Path(migrations.__file__).parents[1]


@contextmanager
def sqlalchemy_connection(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection


def differences(url: str) -> list[object]:
    """What Alembic would write into a next step, beside the tables that no entity declares."""
    with sqlalchemy_connection(url) as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "include_object": lambda _, name, kind, *__: not (kind == "table" and name in OWN_TABLES),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Entity.metadata))


def test_a_migrated_database_needs_no_further_step(migrated_database: str) -> None:
    assert differences(migrated_database) == []


@pytest.mark.parametrize(
    "change",
    [
        "comment on column orders.total is 'Another.'",
        "comment on table orders is null",
        "alter table orders drop column notes",
        "alter table orders alter column tax drop not null",
        "alter table orders alter column status drop default",
        "alter table products drop constraint products_sku_key",
        "drop index orders_customer_id_id_idx",
    ],
)
def test_a_difference_would_be_seen(migrated_database: str, change: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute(change.encode())
    assert differences(migrated_database) != []


def test_steps_and_declarations_make_the_same_tables(migrated_database: str, empty_database: str) -> None:
    """Down to names of constraints, checks and identities, which Alembic does not compare."""
    with sqlalchemy_connection(empty_database) as connection:
        Entity.metadata.create_all(connection)
    declared = catalogue(empty_database, TABLES)
    assert catalogue(migrated_database, TABLES) == declared
    assert any("CHECK" in text and "cancelled" in text for text, _ in declared)
    assert any("NULLS NOT DISTINCT" in text for text, _ in declared)
    assert any("index" in text.lower() for text, _ in declared)


def test_the_gateways_own_notes_are_described(migrated_database: str) -> None:
    tables = ["gateway_state", "gateway_command", "audit_log"]
    columns = tuple(f"{table}." for table in tables)
    described = catalogue(migrated_database, tables)
    assert [comment for text, comment in described if text.startswith(("table", *columns))].count(None) == 0


def test_steps_are_one_line_named_after_their_numbers() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    steps = list(script.walk_revisions())[::-1]
    assert [step.revision for step in steps] == [f"{number:04}" for number in range(1, len(steps) + 1)]
    for step in steps:
        assert Path(step.path).name.startswith(f"r{step.revision}_")
        assert step.doc


def test_sql_for_running_by_hand_does_the_same(empty_database: str, migrated_database: str) -> None:
    # psql's way: the script has its own begin and commit.
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(offline_sql().encode())
    everything = [*TABLES, *OWN_TABLES]
    assert catalogue(empty_database, everything) == catalogue(migrated_database, everything)
    assert upgrade(empty_database, report=lambda _: None) == ()
    with psycopg.connect(empty_database) as connection:
        for table in everything:
            assert connection.execute("select has_table_privilege(%s, %s, 'select')", [READER, table]).fetchone() == (
                table not in {"audit_log", "gateway_command"},
            )
        may_append = "select has_function_privilege(%s, 'gateway_audit(uuid, bigint[], text[], bytea)', 'execute')"
        assert connection.execute(may_append, [READER]).fetchone() == (True,)


def test_the_wheel_has_the_steps(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.iterdir()
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"migrations/{path.relative_to(ROOT / 'migrations')}" for path in (ROOT / "migrations").rglob("*.py")}
    assert wanted | {"migrations/script.py.mako"} <= packed
