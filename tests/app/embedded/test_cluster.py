"""What the embedded PostgreSQL is like, and that it is made whole or not at all."""

import time
from pathlib import Path

import psycopg
import pytest

from app.embedded import Stack, open_stack
from tests.app.embedded.program import QUICK
from tests.servers import ServerProgram

SENTENCE = "Ana Souza, CPF 123.456.789-09"


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("wal_level", "logical"),
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("timezone", "UTC"),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("jit", "off"),
        ("max_slot_wal_keep_size", "4GB"),
        ("log_min_error_statement", "panic"),
        ("log_error_verbosity", "terse"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
    ],
)
def test_settings(durable_stack: Stack, setting: str, expected: str) -> None:
    assert value(durable_stack.endpoints.owner_url, f"show {setting}") == expected


def test_the_version_is_postgresql_18_with_pgvector(durable_stack: Stack) -> None:
    assert value(durable_stack.endpoints.owner_url, "select current_setting('server_version_num')::int / 10000") == 18
    assert value(
        durable_stack.endpoints.owner_url, "select default_version from pg_available_extensions where name = 'vector'"
    )


def test_text_is_sorted_and_folded_alike_everywhere(durable_stack: Stack) -> None:
    url = durable_stack.endpoints.owner_url
    assert value(url, "select concat(datlocprovider, ' ', datlocale) from pg_database where datname = 'cienty'") == (
        "b C.UTF-8"
    )
    assert value(url, "select lower('ÁGUA OXIGENADA') || ' ' || initcap('são joão')") == "água oxigenada São João"
    assert value(url, "select string_agg(x, '' order by x) from unnest(array['b', 'á', 'B', 'a']) x") == "Babá"


def test_full_text_search_knows_letters_beyond_ascii(durable_stack: Stack) -> None:
    text = "dor\N{EN DASH}febre \N{LEFT DOUBLE QUOTATION MARK}Medicação\N{RIGHT DOUBLE QUOTATION MARK} medicações"
    query = f"select to_tsvector('portuguese', '{text}')::text"
    assert value(durable_stack.endpoints.owner_url, query) == "'dor':1 'febr':2 'medic':3,4"


def test_the_serving_role_may_nothing_of_its_own(durable_stack: Stack) -> None:
    with psycopg.connect(durable_stack.endpoints.database_url) as connection:
        row = connection.execute(
            "select current_user, current_database(), rolsuper, rolbypassrls, rolcreatedb, rolcreaterole,"
            " rolreplication, has_database_privilege('postgres', 'connect'), has_schema_privilege('public', 'create')"
            " from pg_roles where rolname = current_user"
        ).fetchone()
    assert row == ("gateway", "cienty", *[False] * 7)


def test_the_owner_owns_the_database(durable_stack: Stack) -> None:
    query = "select datdba::regrole::text from pg_database where datname = 'cienty'"
    assert value(durable_stack.endpoints.owner_url, query) == "cienty"


@pytest.mark.parametrize("role", ["cienty", "gateway"])
def test_nobody_connects_without_the_password(durable_stack: Stack, role: str) -> None:
    _, _, place = durable_stack.endpoints.owner_url.partition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{role}:guess@{place}")
    assert value(durable_stack.endpoints.owner_url, f"select rolpassword from pg_authid where rolname = '{role}'") != ""
    stored = value(durable_stack.endpoints.owner_url, f"select rolpassword from pg_authid where rolname = '{role}'")
    assert str(stored).startswith("SCRAM-SHA-256$")


def test_the_access_file_lets_nobody_else_in(durable_stack: Stack) -> None:
    with psycopg.connect(durable_stack.endpoints.owner_url) as connection:
        rows = connection.execute("select type, auth_method, error from pg_hba_file_rules").fetchall()
    assert {row for row in rows if row[0] == "local"} == {("local", "reject", None)}
    assert {row[1] for row in rows if row[0] != "local"} == {"scram-sha-256"}


def test_logs_have_no_values_of_statements(durable_stack: Stack) -> None:
    with psycopg.connect(durable_stack.endpoints.owner_url, autocommit=True) as connection:
        connection.execute("create temporary table people (name text primary key)")
        connection.execute("insert into people values (%s)", [SENTENCE])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values (%s)", [SENTENCE])
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("select %s::text::int", [SENTENCE])
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute(f"select 1 / 0 /* {SENTENCE} */")
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute(f"do $$ begin raise exception '{SENTENCE}'; end $$")
    log = (durable_stack.folder.logs / "postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "123.456" not in log
    assert "Ana" not in log


def test_passwords_stay_from_start_to_start(data: Path) -> None:
    with open_stack(data, owner="first", tuning=QUICK) as stack:
        first = stack.endpoints
    with open_stack(data, owner="second", tuning=QUICK) as stack:
        assert stack.endpoints == first
        assert value(stack.endpoints.database_url, "select 1") == 1


@pytest.mark.parametrize("name", ["postgres-owner", "postgres-gateway"])
def test_a_lost_password_is_replaced_and_data_stay(data: Path, name: str) -> None:
    with open_stack(data, owner="first", tuning=QUICK) as stack:
        with psycopg.connect(stack.endpoints.owner_url) as connection:
            connection.execute("create table kept as select 7 as number")
        secret = stack.folder.secrets / name
        before = secret.read_text()
    secret.unlink()
    said: list[str] = []
    with open_stack(data, owner="second", tuning=QUICK, report=said.append) as stack:
        assert value(stack.endpoints.owner_url, "select number from kept") == 7
        assert value(stack.endpoints.database_url, "select 1") == 1
    assert secret.read_text() != before
    assert any("new passwords" in line for line in said)


def test_a_start_killed_anywhere_in_the_creation_is_repaired_by_the_next(tmp_path: Path) -> None:
    """The moments of the kills are spread over the time that a creation takes here."""
    begin = time.monotonic()
    with ServerProgram("start", tmp_path / "measured") as program:
        assert not program.answer.get("error")
        duration = time.monotonic() - begin
    for tenths in (2, 4, 6, 8):
        folder = tmp_path / f"data-{tenths}"
        for _ in range(2):
            killed = ServerProgram("start", folder)
            time.sleep(tenths / 10 * duration)
            killed.kill()
            killed.close()
        with ServerProgram("start", folder) as program:
            assert value(program.answer["owner_url"], "select current_user::text") == "cienty"
            assert value(program.answer["database_url"], "select current_user::text") == "gateway"
            assert program.end() == 0
        assert [place.name for place in (folder / "postgres").iterdir()] == ["data"]
