"""Connections of commands: each way to fail says what to do, and none says the password."""

import re
import socket

import psycopg
import pytest

from app import postgres
from app.embedded import Stack
from app.errors import StartError
from app.postgres import connect, place, role
from tests.databases import at_database

SECRET = "s3cret-p4ssword"


def test_a_connection_commits_at_its_end(migrated_database: str) -> None:
    with connect(migrated_database) as connection:
        connection.execute("insert into warehouses (name) values ('CD Teste')")
    with connect(migrated_database) as connection:
        assert connection.execute("select name from warehouses").fetchall() == [("CD Teste",)]


def test_nobody_answers() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(StartError, match=f"cannot reach PostgreSQL at 127.0.0.1:{port}/x as me: .*refused") as fault:
        connect(f"postgresql://me:{SECRET}@127.0.0.1:{port}/x")
    assert SECRET not in str(fault.value)


def test_a_wrong_password(stack: Stack) -> None:
    url = re.sub(r"//(\w+):[^@]*@", rf"//\1:{SECRET}@", stack.endpoints.owner_url)
    with pytest.raises(StartError, match="password authentication failed") as fault:
        connect(url)
    assert SECRET not in str(fault.value)
    assert "\n" not in str(fault.value)


def test_no_such_database(stack: Stack) -> None:
    with pytest.raises(StartError, match=r'/nowhere as \w+: .*database "nowhere" does not exist'):
        connect(stack.endpoints.owner_url.rpartition("/")[0] + "/nowhere")


@pytest.mark.parametrize("url", [f"postgresql://me:{SECRET}%zz@host/x", f"postgresql://me:{SECRET}@[host/x"])
def test_an_url_that_cannot_be_read(url: str) -> None:
    with pytest.raises(StartError, match="the database URL cannot be read: write postgresql://") as fault:
        connect(url)
    assert SECRET not in str(fault.value)
    assert fault.value.__suppress_context__


def test_a_server_of_another_version(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST_MAJOR", 99)
    with pytest.raises(StartError, match=r"is version \d\d; the gateway needs 99 or later: upgrade the server"):
        connect(stack.endpoints.owner_url)


def test_a_database_of_another_encoding(stack: Stack) -> None:
    with psycopg.connect(stack.endpoints.owner_url, autocommit=True) as connection:
        connection.execute("create database latin template template0 encoding 'LATIN1' locale_provider libc locale 'C'")
        try:
            with pytest.raises(StartError, match="has a database of the encoding LATIN1; the gateway needs UTF8: "):
                connect(at_database(stack.endpoints.owner_url, "latin"))
        finally:
            connection.execute("drop database latin")


def test_a_place_is_named_without_the_password() -> None:
    assert place(f"postgresql://me:{SECRET}@host:5433/base") == "host:5433/base as me"
    assert place("postgresql://host/base") == "host:5432/base"
    assert role(f"postgresql://me:{SECRET}@host:5433/base") == "me"
    assert role("postgresql://host/base") is None
