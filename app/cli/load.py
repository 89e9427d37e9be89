"""`gateway load`: files of a folder into the operational database."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display

from app import migration
from app.cli.target import operational_database, say
from app.errors import StartError
from app.postgres import connect, place
from app.settings import Settings
from etl.files.faults import LoadRefused
from etl.files.load import FolderLoad, load_folder
from etl.files.progress import Progress

_INTERRUPTED = 130


def load(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the files.", show_default=False)],
    update: Annotated[
        bool, typer.Option("--update", help="Overwrite rows that are there with other content; else they are refused.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Load the tables' files of a folder, all of them or nothing.

    Files are named after tables, <table>.csv or <table>.csv.gz: UTF-8, commas, the first line names the columns in
    any order, an empty cell is null, a time without an offset is UTC. A column that is left out takes its default.
    Rows that are there already are left; a bad cell is told with file, line and column. Demo data makes room.

      gateway load data/operational

      gateway load --update corrections

      gateway load --json exports | jq .tables
    """
    settings = Settings.load()
    try:
        with operational_database(settings, command="gateway load") as url:
            if settings.is_embedded:
                migration.upgrade(url, report=say)
            else:
                migration.require_in_step(url)
            with connect(url) as connection, _shown() as progress:
                result = _load(connection, folder, progress, update=update, where=place(url))
    except KeyboardInterrupt:
        say("stopped: nothing was loaded")
        raise typer.Exit(_INTERRUPTED) from None
    typer.echo(_as_json(result) if as_json else _in_words(result))


def _load(connection: psycopg.Connection, folder: Path, progress: Progress, *, update: bool, where: str) -> FolderLoad:
    try:
        return load_folder(connection, folder, progress, update=update)
    except LoadRefused as refused:
        raise StartError("\n".join([*map(str, refused.faults), "nothing was loaded"])) from None
    except psycopg.Error as error:
        # Only the first part of what PostgreSQL says: details and context quote rows.
        reason = error.diag.message_primary or f"the connection ended ({type(error).__name__})"
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            reason += "; give GATEWAY_ADMIN_DATABASE_URL a role that owns the gateway's tables"
        raise StartError(f"the database at {where} refused: {reason}; nothing was loaded") from None


class _Bars:
    """Shows a bar a file on a terminal; elsewhere a line a file, once it is read."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}
        self._read: set[str] = set()

    def note(self, text: str) -> None:
        say(text)

    def reading(self, file: str, done: int, size: int) -> None:
        self._show(f"reading {file}", done, size)
        if self._display.disable and done == size and file not in self._read:
            self._read.add(file)
            say(f"read {file}")

    def writing(self, table: str, done: int, count: int) -> None:
        self._show("writing", done, count)
        if self._display.disable and table:
            say(f"writing {table}")

    def _show(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._display.add_task(what, total=total)
        self._display.update(self._tasks[what], completed=done)


@contextmanager
def _shown() -> Iterator[_Bars]:
    """Show progress on standard error."""
    columns = (TextColumn("{task.description:<36}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as display:
        yield _Bars(display)


def _in_words(result: FolderLoad) -> str:
    lines = [f"{'table':<22} {'rows':>10} {'inserted':>10} {'unchanged':>10} {'updated':>10} {'seconds':>8}"]
    lines += [
        f"{t.table:<22} {t.rows:>10,} {t.inserted:>10,} {t.unchanged:>10,} {t.updated:>10,} {t.seconds:>8.2f}"
        for t in result.tables
    ]
    rows = sum(table.rows for table in result.tables)
    demo = ", in place of the demo data" if result.replaced_demo else ""
    return "\n".join([*lines, f"{rows:,} rows in {result.seconds:.1f} s{demo}"])


def _as_json(result: FolderLoad) -> str:
    described = asdict(result)
    for timed in (described, *described["tables"]):
        timed["seconds"] = round(timed["seconds"], 3)
    return json.dumps(described)
