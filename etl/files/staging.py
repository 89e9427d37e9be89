"""Reading a file into a temporary table: every cell is checked before PostgreSQL sees it."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from etl.files.cells import Check, check_of
from etl.files.faults import Fault, LoadRefused, nearest, shown
from etl.files.folder import TableFile
from etl.files.progress import Progress
from etl.files.reading import CsvFile, Record, open_csv
from schema.entity import Field

_CHUNK_ROWS = 5_000
_CHUNK_CHARACTERS = 8 * 1024 * 1024
_FAULTS_TOLD = 10
# What PostgreSQL's text format of COPY gives a meaning of its own; the backslash first, it is in the others.
_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))

LINE = "line_of_file"
"""The column of a staging table that tells on which line of its file a row begins."""


@dataclass(frozen=True)
class Staged:
    """A file whose rows lie in a temporary table with the file's own columns and the line of each row."""

    file: TableFile
    columns: tuple[str, ...]
    rows: int
    seconds: float

    @property
    def relation(self) -> sql.Composable:
        """The temporary table."""
        return _relation(self.file.table)

    def is_personal(self, column: str) -> bool:
        """Whether values of a column may not be shown."""
        return is_personal(self.file.table.c[column])


def is_personal(column: sa.Column[Any]) -> bool:
    """Whether values of a column are personal data."""
    declared = column.info.get("field")
    return isinstance(declared, Field) and declared.pii


def stage(connection: psycopg.Connection, file: TableFile, progress: Progress) -> Staged:
    """Copy a file into a temporary table that the end of the transaction drops. LoadRefused at the first bad cells."""
    start = time.perf_counter()
    rows = 0
    with open_csv(file.path) as content:
        columns = _columns(file, content.header)
        _create(connection, file.table, columns)
        checked = [(column, check_of(column)) for column in columns]
        with connection.cursor() as cursor, cursor.copy(_copy_statement(file.table, columns)) as copy:
            for chunk in _chunks(content):
                copy.write(_checked(file, checked, chunk))
                rows += len(chunk)
                progress.reading(file.name, content.position, content.size)
        progress.reading(file.name, content.size, content.size)
    return Staged(file, tuple(column.name for column in columns), rows, time.perf_counter() - start)


def _columns(file: TableFile, header: Sequence[str]) -> list[sa.Column[Any]]:
    """Return the columns that the header names, in its order, or say what is wrong with the header."""
    table = file.table
    if len(header) == 1 and ";" in header[0]:
        raise LoadRefused(Fault(file.name, "the header is separated by semicolons: write commas", line=1))
    for name, count in Counter(header).items():
        if name not in table.c or "policy" in table.c[name].info:
            known = [column.name for column in table.c if "policy" not in column.info]
            reason = f"{table.name} has no column {shown(name, personal=False)}{nearest(name, known)}"
            raise LoadRefused(Fault(file.name, reason, line=1))
        if count > 1:
            raise LoadRefused(Fault(file.name, f"the header names {name} {count} times", line=1))
    for column in table.columns:
        if column.primary_key and column.name not in header:
            reason = f"the header lacks {column.name}: without it a second load could not tell its rows from new ones"
            raise LoadRefused(Fault(file.name, reason, line=1))
        if column.name not in header and not column.nullable and column.server_default is None:
            raise LoadRefused(Fault(file.name, f"the header lacks {column.name}, which has no default", line=1))
    return [table.c[name] for name in header]


def _relation(table: sa.Table) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"load_{table.name}")


def _create(connection: psycopg.Connection, table: sa.Table, columns: Sequence[sa.Column[Any]]) -> None:
    """Make the temporary table."""
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    connection.execute(
        sql.SQL("create temp table {} on commit drop as select null::bigint as {}, {} from {} with no data").format(
            sql.Identifier(f"load_{table.name}"), sql.Identifier(LINE), names, sql.Identifier(table.name)
        )
    )


def _copy_statement(table: sa.Table, columns: Sequence[sa.Column[Any]]) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(name) for name in (LINE, *(column.name for column in columns)))
    return sql.SQL("copy {} ({}) from stdin (format text, null '', encoding 'utf8')").format(_relation(table), names)


def _chunks(content: CsvFile) -> Iterator[list[Record]]:
    """Yield the rows in portions that fit into memory, whatever their length."""
    chunk: list[Record] = []
    characters = 0
    try:
        for record in content.rows():
            chunk.append(record)
            characters += sum(map(len, record.cells))
            if len(chunk) == _CHUNK_ROWS or characters > _CHUNK_CHARACTERS:
                yield chunk
                chunk, characters = [], 0
    except LoadRefused:
        # Bad cells that stand before a bad record are told first.
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _checked(file: TableFile, columns: Sequence[tuple[sa.Column[Any], Check]], chunk: list[Record]) -> bytes:
    """Return rows as COPY takes them. LoadRefused with the first cells of them that cannot be taken."""
    by_column = list(zip(*(record.cells for record in chunk), strict=True))
    flaws = sorted(
        (row, position, reason)
        for position, ((_, check), cells) in enumerate(zip(columns, by_column, strict=True))
        for row, reason in _flaws(check, cells)
    )
    if flaws:
        first = flaws[:_FAULTS_TOLD]
        raise LoadRefused(
            *(_cell_fault(file, columns[position][0], chunk[row], position, reason) for row, position, reason in first)
        )
    lines = [str(record.line) for record in chunk]
    written = map("\t".join, zip(lines, *map(_escaped, by_column), strict=True))
    return ("\n".join(written) + "\n").encode()


def _flaws(check: Check, cells: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the places of cells that cannot be taken, with the reason; equal cells are checked once."""
    bad = {cell: reason for cell in set(cells) if (reason := check(cell)) is not None}
    if bad:
        yield from ((row, bad[cell]) for row, cell in enumerate(cells) if cell in bad)


def _escaped(cells: Sequence[str]) -> Sequence[str]:
    """Return the cells of a column with the characters escaped that COPY reads as something else."""
    # NUL separates: a checked cell has none, and one pass over the whole is far quicker than one a cell.
    whole = "\0".join(cells)
    for character, escaped in _ESCAPES:
        whole = whole.replace(character, escaped)
    return whole.split("\0")


def _cell_fault(file: TableFile, column: sa.Column[Any], record: Record, position: int, reason: str) -> Fault:
    value = record.cells[position]
    told = None if value == "" else shown(value, personal=is_personal(column))
    return Fault(file.name, reason, line=record.line_of(position), column=column.name, value=told)
