"""Migrations: whether a database is in step with this version of the gateway, and bringing it there."""

import io
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from psycopg import sql

import migrations
from app import row_policies
from app.errors import StartError
from app.postgres import connect, place
from schema.entities import ENTITIES
from schema.model import describe
from schema.policies import policy_statements

VERSION_TABLE = "gateway_revision"
STATE_TABLE = "gateway_state"
_AUDIT: Final = "gateway_audit(uuid, bigint[], text[], bytea)"
"""What the serving role writes the audit log with; it has no right to the table."""
READER = "gateway"
"""The role that serves where no other is configured."""

# Held by the transaction that migrates, so that two starts do not migrate at once.
_LOCK = 0x6761_7465_0001

_FOLDER = Path(migrations.__file__).parent
_GRAPH = describe(ENTITIES)
_TABLES = tuple(table.name for table in ENTITIES[0].metadata.sorted_tables)


class Standing(StrEnum):
    """Where a database stands, seen from this version of the gateway."""

    IN_STEP = "in step"
    BEHIND = "behind"
    AHEAD = "ahead"
    EMPTY = "empty"
    FOREIGN = "foreign tables"


@dataclass(frozen=True)
class Status:
    """A database's standing: the revision that it is at, and the newest that this version of the gateway knows."""

    standing: Standing
    revision: str | None
    head: str
    foreign: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """Say what it means and what to do."""
        match self.standing:
            case Standing.IN_STEP:
                return f"in step, at revision {self.head}"
            case Standing.BEHIND:
                return f"behind, at revision {self.revision} of {self.head}: run `gateway migrate`"
            case Standing.EMPTY:
                return "without the gateway's tables: run `gateway migrate`"
            case Standing.AHEAD:
                return (
                    f"ahead, at revision {self.revision}; this version of the gateway knows {self.head} at most: "
                    "run the version that migrated it, or a newer one"
                )
            case Standing.FOREIGN:
                return (
                    f"in use by something else: it has tables named {', '.join(self.foreign)} "
                    "that `gateway migrate` did not make; give the gateway a database of its own"
                )


def head() -> str:
    """Return the newest revision of this version of the gateway."""
    return cast("str", _script().get_current_head())


def status(url: str) -> Status:
    """Look where the database stands; nothing is changed."""
    with connect(url) as connection:
        try:
            return _status(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise StartError(
                f"the role of {place(url)} may not read there: run `gateway migrate`, which grants it, "
                "with the same GATEWAY_DATABASE_URL"
            ) from error


def current(url: str) -> str | None:
    """Return the revision that the database is at, None before the first."""
    return status(url).revision


def require_in_step(url: str) -> None:
    """Refuse a database that this version of the gateway cannot work on, saying what to run."""
    found = status(url)
    if found.standing is not Standing.IN_STEP:
        raise StartError(f"the database at {place(url)} is {found.advice}")


def upgrade(url: str, *, report: Callable[[str], None], reader: str = READER) -> tuple[str, ...]:
    """Bring the database in step, in one transaction, and return the revisions that were applied.

    `url` signs in as the owner of the tables; `reader` is the role that serves: it may read and nothing else.
    A second migration at the same time waits for the first and finds nothing left to do.
    """
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            driver = cast("psycopg.Connection", connection.connection.driver_connection)
            # A server's limit for the statements of clients is not meant for this.
            driver.execute("set local statement_timeout = 0")
            _wait_for_turn(driver, report)
            found = _status(driver)
            if found.standing in {Standing.AHEAD, Standing.FOREIGN}:
                raise StartError(f"the database at {place(url)} is {found.advice}")
            steps = _missing_steps(found.revision)
            for name, title in steps:
                report(f"migration {name}: {title}")
            if steps:
                command.upgrade(_config(connection=connection), "head")
            _grant(driver, reader, report)
            row_policies.put_up(driver, _GRAPH, reader, report)
    except psycopg.Error as error:
        raise _refused(url, error) from error
    except sa.exc.DBAPIError as error:
        raise _refused(url, cast("psycopg.Error", error.orig)) from error
    return tuple(name for name, _ in steps)


def offline_sql(reader: str = READER) -> str:
    """Return what `upgrade` runs on an empty database, as SQL for whoever must read or run it by hand."""
    written = io.StringIO()
    command.upgrade(_config(output=written), "head", sql=True)
    names = sql.SQL(", ").join(map(sql.Identifier, _readable()))
    grant = sql.SQL("grant select on {} to {};").format(names, sql.Identifier(reader))
    append = sql.SQL("grant execute on function {} to {};").format(sql.SQL(_AUDIT), sql.Identifier(reader))
    policies = ";\n".join(policy_statements(_GRAPH, reader))
    return f"{written.getvalue()}\n{grant.as_string()}\n{append.as_string()}\n{policies};\n"


def draft(url: str, title: str) -> Path:
    """Write a next step from what the declarations have and the database, which must be in step, has not."""
    require_in_step(url)
    name = f"{int(head()) + 1:04}"
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: connect(url), poolclass=sa.NullPool)
    try:
        with engine.begin() as connection:
            script = command.revision(_config(connection=connection), title, autogenerate=True, rev_id=name)
    except OSError as error:
        raise StartError(f"no step can be written to {error.filename}: {error.strerror}") from error
    return Path(cast("Any", script).path)


def _config(*, connection: sa.Connection | None = None, output: io.StringIO | None = None) -> Config:
    """Return Alembic's configuration, which stands nowhere else: users need no file of it."""
    config = Config(output_buffer=output, cmd_opts=Namespace(quiet=True))
    # A percent sign in the path would be read as the start of a variable.
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    config.attributes["version_table"] = VERSION_TABLE
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _missing_steps(revision: str | None) -> list[tuple[str, str]]:
    """Return number and title of each step after a revision, in order."""
    steps = _script().iterate_revisions("head", revision or "base")
    return [(step.revision, step.doc) for step in reversed(list(steps))]


def _status(connection: psycopg.Connection) -> Status:
    """Read the revision and, where there is none, whether tables of the gateway's names are there all the same."""
    newest = head()
    revisions = _revisions(connection)
    if not revisions:
        found = connection.execute(
            "select name from unnest(%s::text[]) name where to_regclass(quote_ident(name)) is not null",
            [[*_TABLES, STATE_TABLE]],
        ).fetchall()
        foreign = tuple(name for (name,) in found)
        return Status(Standing.FOREIGN if foreign else Standing.EMPTY, None, newest, foreign)
    revision = ", ".join(revisions)
    if revision == newest:
        return Status(Standing.IN_STEP, revision, newest)
    return Status(Standing.BEHIND if _is_known(revision) else Standing.AHEAD, revision, newest)


def _revisions(connection: psycopg.Connection) -> list[str]:
    """Return what the table of revisions holds: nothing before the first migration, one row ever after."""
    table = sql.Identifier(VERSION_TABLE)
    known = connection.execute("select to_regclass(%s)", [VERSION_TABLE]).fetchone()
    if known is None or known[0] is None:
        return []
    rows = connection.execute(sql.SQL("select version_num from {} order by 1").format(table)).fetchall()
    return [revision for (revision,) in rows]


def _is_known(revision: str) -> bool:
    """Whether a revision is one of this version of the gateway."""
    try:
        # Alembic takes the beginning of a number for the number.
        return _script().get_revision(revision).revision == revision
    except (CommandError, ResolutionError):
        return False


def _wait_for_turn(connection: psycopg.Connection, report: Callable[[str], None]) -> None:
    """Take the lock of migrations until the end of the transaction."""
    free = connection.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK]).fetchone()
    if free is None or not free[0]:
        report("another process is migrating this database: waiting for it")
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def _readable() -> tuple[str, ...]:
    """Return the tables that the serving role may read: the entities', and what tells of the database itself."""
    return (*_TABLES, STATE_TABLE, VERSION_TABLE)


def _grant(connection: psycopg.Connection, reader: str, report: Callable[[str], None]) -> None:
    """Let the serving role read what it may not read yet; without such a role say so and grant nothing."""
    if connection.execute("select from pg_roles where rolname = %s", [reader]).fetchone() is None:
        report(f"no role {reader} here: no right to read was granted; run `gateway migrate` again once it exists")
        return
    role = sql.Identifier(reader)
    schema = connection.execute(
        "select current_schema() where not has_schema_privilege(%s, current_schema(), 'usage')", [reader]
    ).fetchone()
    if schema is not None:
        connection.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(schema[0]), role))
    missing = connection.execute(
        "select name from unnest(%s::text[]) name"
        " where not has_table_privilege(%s, to_regclass(quote_ident(name)), 'select')",
        [list(_readable()), reader],
    ).fetchall()
    for (name,) in missing:
        connection.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(name), role))
    if missing:
        report(f"role {reader} may now read {len(missing)} tables")
    may_append = connection.execute("select has_function_privilege(%s, %s, 'execute')", [reader, _AUDIT]).fetchone()
    if may_append is not None and not may_append[0]:
        connection.execute(sql.SQL("grant execute on function {} to {}").format(sql.SQL(_AUDIT), role))


def _refused(url: str, error: psycopg.Error) -> StartError:
    """Say why the database does not take a step, and which role may if this one may not."""
    advice = ""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        advice = "; give GATEWAY_ADMIN_DATABASE_URL a role that owns the gateway's tables"
    reason = error.diag.message_primary or "the connection ended"
    return StartError(f"the database at {place(url)} refused: {reason}; nothing was changed{advice}")
