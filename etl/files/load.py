"""The load of a folder, in one transaction: all of its files or nothing."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from etl.files.folder import read_folder
from etl.files.merging import TableLoad, merge
from etl.files.progress import Progress
from etl.files.staging import stage
from etl.state import TABLES, advance_ids, clear, demo_data, wait_for_turn


@dataclass(frozen=True)
class FolderLoad:
    """What became of the files of a folder; `replaced_demo` when demo data made room for them."""

    tables: tuple[TableLoad, ...]
    replaced_demo: bool
    seconds: float


def load_folder(
    connection: psycopg.Connection, folder: Path, progress: Progress, *, update: bool = False
) -> FolderLoad:
    """Load `<table>.csv` and `<table>.csv.gz` of a folder into a database whose migrations are in step.

    Rows that are there as the file has them are left; rows that are there with other content are refused, or
    overwritten with `update`. LoadRefused leaves the database as it was, and so does any other way to end.
    """
    start = time.perf_counter()
    content = read_folder(folder, TABLES)
    if content.ignored:
        progress.note(f"not loaded, since no table is named so: {', '.join(content.ignored)}")
    with connection.transaction():
        _prepare(connection)
        wait_for_turn(connection, progress.note)
        # All files are read before the first row is written: a bad one costs those who read the tables nothing.
        staged = [stage(connection, file, progress) for file in content.files]
        replaced = demo_data(connection) is not None
        if replaced:
            progress.note("removing the demo data")
            clear(connection)
        loads = []
        for done, file in enumerate(staged):
            progress.writing(file.file.table.name, done, len(staged))
            loads.append(merge(connection, file, update=update))
        advance_ids(connection)
        _analyze(connection, [table.name for table in TABLES] if replaced else _changed(loads))
        progress.writing("", len(staged), len(staged))
    return FolderLoad(tuple(loads), replaced, time.perf_counter() - start)


def _prepare(connection: psycopg.Connection) -> None:
    """Set what the transaction relies on, whatever the server's or the role's own settings are."""
    # Times without an offset are read as UTC; a load may take longer than a client's statement.
    for setting, value in (("timezone", "UTC"), ("statement_timeout", "0"), ("work_mem", "64MB")):
        connection.execute("select set_config(%s, %s, true)", [setting, value])


def _changed(loads: Sequence[TableLoad]) -> list[str]:
    """Return the tables in which rows were written."""
    return [load.table for load in loads if load.inserted or load.updated]


def _analyze(connection: psycopg.Connection, tables: Sequence[str]) -> None:
    """Let the planner know what the tables hold now."""
    if tables:
        connection.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
