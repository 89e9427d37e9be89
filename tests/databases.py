"""Databases of their own for tests that write: empty ones, and migrated ones copied from a template."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from app.embedded import Stack
from app.migration import upgrade


@contextmanager
def new_database(server_url: str, template: str = "template0") -> Iterator[str]:
    """Make a database on a server, give its URL and drop it at the end, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        try:
            yield at_database(server_url, name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def at_database(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    head, _, _ = url.rpartition("/")
    return f"{head}/{name}"


def database_name(url: str) -> str:
    """Return the name of the database that a URL leads to."""
    return str(conninfo_to_dict(url)["dbname"])


@pytest.fixture
def empty_database(stack: Stack) -> Iterator[str]:
    """The owner's URL of a database without anything."""
    with new_database(stack.endpoints.owner_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(stack: Stack) -> Iterator[str]:
    """The name of a migrated database without rows, to be copied."""
    with new_database(stack.endpoints.owner_url) as url:
        upgrade(url, report=lambda _: None)
        yield database_name(url)


@pytest.fixture
def migrated_database(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The owner's URL of a migrated database without rows."""
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        yield url
