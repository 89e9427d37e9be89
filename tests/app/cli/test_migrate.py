"""`gateway migrate`."""

import json
from pathlib import Path

import psycopg

from app.embedded import Stack
from app.migration import head
from tests.app.cli.running import run
from tests.databases import at_database, database_name


def test_a_database_is_migrated_and_the_serving_role_may_read(stack: Stack, empty_database: str) -> None:
    serving = at_database(stack.endpoints.database_url, database_name(empty_database))
    both = {"database_url": serving, "admin_database_url": empty_database}
    looked = run("migrate", "--check", **both)
    assert looked.returncode == 1
    assert "is without the gateway's tables: run `gateway migrate`" in looked.stdout
    migrated = run("migrate", **both)
    assert migrated.returncode == 0, migrated.stderr
    assert "migration 0001: The operational tables" in migrated.stderr
    assert migrated.stdout.endswith(f"is in step, at revision {head()}\n")
    with psycopg.connect(serving) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (0,)
    again = run("migrate", **both)
    assert again.stdout.endswith("; nothing was to be done\n")
    assert again.stderr == ""
    assert run("migrate", "--check", **both).returncode == 0


def test_what_a_program_reads(empty_database: str) -> None:
    looked = run("migrate", "--check", "--json", database_url=empty_database)
    assert looked.returncode == 1
    assert json.loads(looked.stdout) == {"standing": "empty", "revision": None, "head": head()}
    migrated = run("migrate", "--json", database_url=empty_database)
    assert json.loads(migrated.stdout)["applied"][-1] == head()
    looked = run("migrate", "--check", "--json", database_url=empty_database)
    assert looked.returncode == 0
    assert json.loads(looked.stdout) == {"standing": "in step", "revision": head(), "head": head()}


def test_a_newer_database_is_refused_in_one_line(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute("update gateway_revision set version_num = '9999'")
    refused = run("migrate", database_url=migrated_database)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: the database at 127.0.0.1:")
    assert "is ahead, at revision 9999" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_the_sql_needs_no_database() -> None:
    printed = run("migrate", "--sql", database_url="postgresql://someone@nowhere.invalid/x")
    assert printed.returncode == 0, printed.stderr
    assert "CREATE TABLE orders (" in printed.stdout
    assert 'to "someone";' in printed.stdout
    assert "create policy gateway_reader on orders for select to someone" in printed.stdout


def test_one_thing_at_a_time(empty_database: str) -> None:
    refused = run("migrate", "--check", "--sql", database_url=empty_database)
    assert refused.returncode == 1
    assert refused.stderr == "error: --check, --sql and --draft are different things to do: give one of them\n"


def test_the_embedded_database_is_the_default(tmp_path: Path) -> None:
    migrated = run("migrate", "--json", data_dir=str(tmp_path / "gateway"))
    assert migrated.returncode == 0, migrated.stderr
    assert json.loads(migrated.stdout)["standing"] == "in step"
