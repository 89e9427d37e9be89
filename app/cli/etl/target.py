"""The source of changes that a command works on, and how it shows progress."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display

from app.cli.target import operational_database, say
from app.settings import Settings


@contextmanager
def migrated_source(settings: Settings, *, command: str) -> Iterator[str]:
    """Give the same as `source_database`, with the migrations of an embedded database in step."""
    from app import migration

    with source_database(settings, command=command) as url:
        if settings.is_embedded:
            migration.upgrade(url, report=say)
        yield url


@contextmanager
def source_database(settings: Settings, *, command: str) -> Iterator[str]:
    """Give the URL of the database as the role that replicates, for the time of a command."""
    if settings.etl_database_url is not None:
        yield settings.etl_database_url
        return
    with operational_database(settings, command=command) as url:
        yield url


class Bars:
    """Shows a bar a table on a terminal; elsewhere a line a table, once it is copied."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}
        self._copied: set[str] = set()

    def note(self, text: str) -> None:
        """Say what happens, beside the output."""
        say(text)

    def copying(self, table: str, done: int, total: int) -> None:
        """Move a table's bar."""
        if self._display.disable:
            if done == total and table not in self._copied:
                self._copied.add(table)
                say(f"copied {table}: {done:,} rows")
            return
        if table not in self._tasks:
            self._tasks[table] = self._display.add_task(table, total=total)
        self._display.update(self._tasks[table], completed=done, total=total)


@contextmanager
def shown() -> Iterator[Bars]:
    """Show progress on standard error."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Display(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as display:
        yield Bars(display)
