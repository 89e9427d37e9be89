"""`gateway seed`, run as a user does."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from app.embedded import Stack
from etl.demo.plan import BRASILIA
from tests.databases import at_database, database_name

GATEWAY = Path(sys.executable).parent / "gateway"
SMALL = ("--orders", "60", "--products", "50", "--until", "2026-11-23")


def gateway(*words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return subprocess.run(
        [GATEWAY, *words],
        env={**kept, **{name: str(value) for name, value in settings.items()}},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def seed(database: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it against a configured database."""
    return gateway("seed", *words, GATEWAY_DATABASE_URL=database)


def only_line(text: str) -> str:
    (line,) = text.splitlines()
    return line


def test_a_seed_tells_programs_what_it_wrote(migrated_database: str) -> None:
    done = seed(migrated_database, *SMALL, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["written"], told["replaced"], told["seed"], told["until"]) == (True, False, 42, "2026-11-23")
    assert told["rows"]["orders"] == 60
    assert told["rows"]["products"] == 50
    with psycopg.connect(migrated_database) as connection:
        for table, count in told["rows"].items():
            assert connection.execute(f"select count(*) from {table}").fetchone() == (count,)


def test_the_same_again_is_nothing_to_do(migrated_database: str) -> None:
    assert seed(migrated_database, *SMALL).returncode == 0
    again = seed(migrated_database, *SMALL)
    assert again.returncode == 0
    assert only_line(again.stdout) == "nothing to do: the database holds this demo data already"


def test_other_demo_data_needs_replace(migrated_database: str) -> None:
    assert seed(migrated_database, *SMALL).returncode == 0
    refused = seed(migrated_database, *SMALL, "--seed", "7")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert only_line(refused.stderr).startswith("error: the database holds other demo data (60 orders")
    replaced = seed(migrated_database, *SMALL, "--seed", "7", "--replace")
    assert replaced.returncode == 0
    assert "in place of other" in replaced.stdout


def test_a_database_with_data_is_left_when_only_an_empty_one_is_meant(migrated_database: str) -> None:
    with psycopg.connect(migrated_database) as connection:
        connection.execute("insert into warehouses (name) values ('CD de verdade')")
    refused = seed(migrated_database, *SMALL, "--replace")
    assert refused.returncode == 1
    assert "never removed" in only_line(refused.stderr)
    left = seed(migrated_database, *SMALL, "--if-empty")
    assert (left.returncode, left.stdout) == (0, "nothing to do: the database holds data already\n")
    with psycopg.connect(migrated_database) as connection:
        assert connection.execute("select name from warehouses").fetchall() == [("CD de verdade",)]


def test_without_a_day_an_empty_database_is_filled_with_data_of_today(migrated_database: str) -> None:
    before = dt.datetime.now(BRASILIA).date()
    told = json.loads(seed(migrated_database, "--orders", "20", "--products", "50", "--if-empty", "--json").stdout)
    assert told["written"] is True
    assert before <= dt.date.fromisoformat(told["until"]) <= dt.datetime.now(BRASILIA).date()


def test_a_size_that_cannot_be_made_is_refused(empty_database: str) -> None:
    refused = seed(empty_database, "--customers", "0")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert only_line(refused.stderr) == "error: customers: 0 is not between 2 and 200,000"


def test_a_date_that_is_none_is_refused(empty_database: str) -> None:
    refused = seed(empty_database, "--until", "amanhã")
    assert refused.returncode == 2
    assert "--until" in refused.stderr


def test_a_database_that_is_not_migrated_is_refused(empty_database: str) -> None:
    refused = seed(empty_database, *SMALL)
    assert refused.returncode == 1
    assert "run `gateway migrate`" in only_line(refused.stderr)


def test_a_role_that_may_only_read_is_refused(stack: Stack, migrated_database: str) -> None:
    reader = at_database(stack.endpoints.database_url, database_name(migrated_database))
    refused = seed(reader, *SMALL)
    assert refused.returncode == 1
    assert "permission denied" in only_line(refused.stderr)
    assert "Traceback" not in refused.stderr


def test_an_embedded_database_is_made_migrated_and_filled(tmp_path: Path) -> None:
    done = gateway("seed", *SMALL, "--json", GATEWAY_DATA_DIR=tmp_path / "data")
    assert (done.returncode, json.loads(done.stdout)["rows"]["orders"]) == (0, 60), done.stderr
    again = gateway("seed", *SMALL, GATEWAY_DATA_DIR=tmp_path / "data")
    assert (again.returncode, again.stdout) == (0, "nothing to do: the database holds this demo data already\n")


def test_the_help_has_examples() -> None:
    helped = gateway("seed", "--help")
    assert helped.returncode == 0
    assert "gateway seed --orders 100000 --until 2026-11-01" in helped.stdout
