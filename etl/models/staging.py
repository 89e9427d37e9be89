"""Staging: a view for each table, derived from the entities; `python -m etl.models.staging` writes the files again.

The files are committed, so that a reviewer sees what a changed declaration does to the models; `--check` fails where
they are not what the declarations say.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.models.holidays import holidays_csv
from schema.entities import ENTITIES
from schema.entity import Entity

PROJECT = Path(__file__).parent.parent / "dbt"
_NOTE = "Generated from the entities by `make generate`."


def generated_files() -> dict[str, str]:
    """Return every generated file's text, by its path within the dbt project."""
    files = {"models/staging/_sources.yml": _sources(), "models/staging/_staging.yml": _descriptions()}
    files |= {f"models/staging/{_model(entity)}.sql": _view(entity) for entity in _landing()}
    return files | {"seeds/national_holidays.csv": holidays_csv()}


def stale_files() -> list[str]:
    """Return the paths of files that differ from what the declarations say, are missing or should not be there."""
    files = generated_files()
    differing = [path for path, text in files.items() if _read(PROJECT / path) != text]
    present = {f"models/staging/{path.name}" for path in (PROJECT / "models/staging").glob("*")}
    return differing + sorted(present - set(files))


def write_files() -> None:
    """Write the generated files, and remove staging models of entities that are gone."""
    files = generated_files()
    for path in stale_files():
        if path not in files:
            (PROJECT / path).unlink()
    for path, text in files.items():
        (PROJECT / path).parent.mkdir(parents=True, exist_ok=True)
        (PROJECT / path).write_text(text)


def key_name(entity: type[Entity]) -> str:
    """Return what the warehouse calls an entity's key: `order_item_id`."""
    singular = entity.__declaration__.singular
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in singular) + "_id"


def landing_columns(entity: type[Entity]) -> Iterator[sa.Column[Any]]:
    """Give the columns that land in the warehouse: all but the copies that row policies compare."""
    return (column for column in entity.__table__.columns if "policy" not in column.info)


def landing_tables() -> list[str]:
    """Return the tables that land in the warehouse."""
    return [entity.__table__.name for entity in _landing()]


def _landing() -> list[type[Entity]]:
    return [entity for entity in ENTITIES if entity.__declaration__.warehouse is not None]


def _model(entity: type[Entity]) -> str:
    return f"stg_{entity.__table__.name}"


def _view(entity: type[Entity]) -> str:
    columns = ",\n".join(
        f"  id as {key_name(entity)}" if column.primary_key else f"  {column.name}"
        for column in landing_columns(entity)
    )
    source = f"{{{{ source('raw', '{entity.__table__.name}') }}}}"
    return f"-- {_NOTE}\nselect\n{columns}\nfrom {source}\n"


def _sources() -> str:
    lines = [
        f"# {_NOTE}",
        "version: 2",
        "sources:",
        "  - name: raw",
        "    schema: \"{{ target.schema ~ '_raw' if target.type == 'bigquery' else 'raw' }}\"",
        "    description: The change log of the operational database, and its tables as they stand.",
        "    tables:",
    ]
    for entity in _landing():
        table = entity.__table__
        lines += [f"      - name: {table.name}", f"        description: {_quoted(table.comment)}", "        columns:"]
        for column in landing_columns(entity):
            lines += _column(column.name, column, indent=10)
        lines += [
            f"      - name: {table.name}__log",
            f"        description: {_quoted(f'Every change of {table.name}, in order.')}",
            f"      - name: {table.name}__base",
            f"        description: {_quoted(f'{table.name} as it was when its log was last taken in.')}",
        ]
    return "\n".join(lines) + "\n"


def _descriptions() -> str:
    lines = [f"# {_NOTE}", "version: 2", "models:"]
    for entity in _landing():
        lines += [
            f"  - name: {_model(entity)}",
            f"    description: {_quoted(entity.__table__.comment)}",
            "    columns:",
        ]
        for column in landing_columns(entity):
            lines += _column(key_name(entity) if column.primary_key else column.name, column, indent=6)
    return "\n".join(lines) + "\n"


def _column(name: str, column: sa.Column[Any], indent: int) -> list[str]:
    margin = " " * indent
    lines = [f"{margin}- name: {name}", f"{margin}  description: {_quoted(column.comment)}"]
    field = column.info.get("field")
    return [*lines, f"{margin}  config: {{meta: {{personal: true}}}}"] if field is not None and field.pii else lines


def _quoted(text: str | None) -> str:
    return "'" + (text or "").replace("'", "''") + "'"


def _read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def main() -> None:
    """Write the files, or with `--check` exit with status 1 where they are stale."""
    if sys.argv[1:] != ["--check"]:
        write_files()
    elif stale := stale_files():
        sys.stderr.write(f"error: {', '.join(stale)} in etl/dbt are not what the declarations say: run make generate\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
