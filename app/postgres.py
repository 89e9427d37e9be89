"""Connections of commands to the operational PostgreSQL, whose faults say what to do."""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.errors import StartError

OLDEST_MAJOR = 15
"""The first version with everything that tables and policies need (`unique nulls not distinct`)."""

_CONNECT_SECONDS = 10
_ENCODING = "UTF8"


def connect(url: str) -> psycopg.Connection:
    """Open a connection to a PostgreSQL of a version that the gateway can work with.

    As a context it commits at the end, or rolls back when the body raises, and closes.
    """
    where = _parts(url)
    where.setdefault("connect_timeout", _CONNECT_SECONDS)
    where.setdefault("application_name", "gateway")
    try:
        connection = psycopg.connect(make_conninfo("", **where))
    except psycopg.OperationalError as error:
        raise StartError(f"cannot reach PostgreSQL at {place(url)}: {_reason(error)}") from error
    unfit = _unfit(connection.info)
    if unfit is not None:
        connection.close()
        raise StartError(f"PostgreSQL at {place(url)} {unfit}")
    return connection


def _unfit(info: psycopg.ConnectionInfo) -> str | None:
    """Return why the gateway can't work with a database, and what to do; None where it can."""
    major = info.server_version // 10_000
    if major < OLDEST_MAJOR:
        return (
            f"is version {major}; the gateway needs {OLDEST_MAJOR} or later: "
            "upgrade the server, or set GATEWAY_DATABASE_URL to another one"
        )
    encoding = info.parameter_status("server_encoding")
    if encoding != _ENCODING:
        # A name that it has no letters for could not be written into the audit log, nor anything after it.
        return (
            f"has a database of the encoding {encoding}; the gateway needs {_ENCODING}: "
            "create one with it, and set GATEWAY_DATABASE_URL to that"
        )
    return None


def place(url: str) -> str:
    """Return where a URL leads, without its password: `host:port/database as user`."""
    parts = _parts(url)
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    user = parts.get("user")
    return f"{host}:{port}/{parts.get('dbname') or user or ''}" + (f" as {user}" if user else "")


def role(url: str) -> str | None:
    """Return the role that a URL signs in as."""
    user = _parts(url).get("user")
    return None if user is None else str(user)


def _parts(url: str) -> dict[str, Any]:
    """Return a URL taken apart as libpq does it."""
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        # libpq's message quotes the text, and a password may be in it.
        raise StartError(
            "the database URL cannot be read: write postgresql://user:password@host:5432/database, "
            "with special characters of the password percent-encoded"
        ) from None


def _reason(error: psycopg.OperationalError) -> str:
    """Return what libpq says, in one line; it names host, role and database, never the password."""
    lines = [line.strip() for line in str(error).splitlines()]
    return "; ".join(line.removeprefix("connection failed: ") for line in lines if line)
