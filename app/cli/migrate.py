"""`gateway migrate`: the database's tables, brought in step with this version of the gateway."""

import json
from typing import Annotated, Any

import typer

from app import migration
from app.cli.target import operational_database, say
from app.errors import StartError
from app.migration import Standing, Status
from app.postgres import place, role
from app.settings import Settings


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only look; the exit status is 1 unless it is in step.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL for an empty database, and run nothing.")] = False,
    draft: Annotated[
        str | None,
        typer.Option(metavar="TITLE", help="For developers: write the next step from what the entities declare."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Bring the operational database in step with this version of the gateway.

    All missing steps are applied in one transaction, or none. The role of GATEWAY_DATABASE_URL is then allowed to
    read; GATEWAY_ADMIN_DATABASE_URL names the one that owns the tables. `gateway serve` does all this by itself where
    the database is embedded, and refuses another one that is not in step.

      gateway migrate

      gateway migrate --check --json

      gateway migrate --sql > tables.sql

      gateway migrate --draft "Note why an order was cancelled"
    """
    if sum((check, sql, draft is not None)) > 1:
        raise StartError("--check, --sql and --draft are different things to do: give one of them")
    settings = Settings.load()
    if sql:
        typer.echo(migration.offline_sql(_reader(settings)), nl=False)
        return
    with operational_database(settings, command="gateway migrate") as url:
        if draft is not None:
            typer.echo(migration.draft(url, draft))
        elif check:
            _check(url, as_json=as_json)
        else:
            _upgrade(url, _reader(settings), as_json=as_json)


def _check(url: str, *, as_json: bool) -> None:
    found = migration.status(url)
    typer.echo(_as_json(found) if as_json else f"the database at {place(url)} is {found.advice}")
    raise typer.Exit(0 if found.standing is Standing.IN_STEP else 1)


def _upgrade(url: str, reader: str, *, as_json: bool) -> None:
    applied = migration.upgrade(url, report=say, reader=reader)
    found = migration.status(url)
    if as_json:
        typer.echo(_as_json(found, applied=list(applied)))
    else:
        typer.echo(f"the database at {place(url)} is {found.advice}" + ("" if applied else "; nothing was to be done"))


def _reader(settings: Settings) -> str:
    """Return the role that serves."""
    named = None if settings.database_url is None else role(settings.database_url)
    return named or migration.READER


def _as_json(found: Status, **more: Any) -> str:
    described = {"standing": found.standing, "revision": found.revision, "head": found.head, **more}
    return json.dumps(described)
