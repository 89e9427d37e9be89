"""PostgreSQL's statements for an entity, as text to be read: what the declarations mean to the database."""

import re
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement, SetColumnComment, SetTableComment

from schema.entity import Entity

# asyncpg's, whose style of parameters leaves a `%` in a comment single.
_DIALECT = sa.make_url("postgresql+asyncpg://").get_dialect()()

# Quoted text and names, which must stay as they are, and what lies between them.
_QUOTED_OR_NOT = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|([^'"]+)""")


def table_ddl(entity: type[Entity]) -> str:
    """Return the statements that make the entity's table, its indexes and comments, each ended by a semicolon."""
    return "".join(f"{_written(statement)};\n" for statement in _statements(entity.__table__))


def _statements(table: sa.Table) -> Iterator[ExecutableDDLElement]:
    """Yield the statements in the order in which they can be run."""
    yield CreateTable(table)
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield CreateIndex(index)
    if table.comment:
        yield SetTableComment(table)
    for column in table.columns:
        if column.comment:
            yield SetColumnComment(column)


def _written(statement: ExecutableDDLElement) -> str:
    """Write a statement as the project writes SQL: lowercase, four spaces."""
    text = str(statement.compile(dialect=_DIALECT)).strip()
    return _QUOTED_OR_NOT.sub(lambda part: part[1] or _plain(part[2]), text)


def _plain(text: str) -> str:
    """Write a piece of a statement that has nothing quoted in it; PostgreSQL reads it in either case."""
    return re.sub(r", *\n", ",\n", text).replace("\t", "    ").lower()
