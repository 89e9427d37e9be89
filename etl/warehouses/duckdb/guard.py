"""What a reader may do in the worker's DuckDB: read what is in it, and nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from schema.warehouse_wire import Fault, WireFault

# As DuckDB itself classifies statements. A SELECT may still hold a deletion (`with x as (delete …)`) or advance a
# sequence: queries run in read-only transactions, which refuse both.
_READING: Final = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}

# Building the models reads their seeds from files, within DuckDB.
_SEEDS: Final = Path(__file__).parents[2] / "dbt" / "seeds"


def close_off(connection: duckdb.DuckDBPyConnection, folders: Sequence[Path] = ()) -> None:
    """Close a database off from everything outside it, for as long as it is open; harmless the second time.

    No statement can read or write files, attach databases or load extensions then, nor change any setting; those of
    the worker can't either, except for files in the `folders`, which it may export to. Times are told in UTC.
    """
    if connection.execute("select current_setting('lock_configuration')").fetchall() == [(True,)]:
        return
    allowed = ", ".join(f"'{str(folder).replace(chr(39), chr(39) * 2)}'" for folder in (_SEEDS, *folders))
    connection.execute("set global timezone = 'UTC'")
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set python_enable_replacements = false")
    connection.execute(f"set allowed_directories = [{allowed}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def check_reads(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Raise `WireFault` unless the text is one statement that reads."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise WireFault(Fault.BAD_QUERY, str(error)) from None
    if len(statements) != 1:
        raise WireFault(Fault.REFUSED, f"a query is one statement, and this has {len(statements)}")
    kind = statements[0].type
    if kind == duckdb.StatementType.MULTI:
        raise WireFault(Fault.REFUSED, "PIVOT needs the columns that it makes: write PIVOT … ON … IN (…)")
    if kind not in _READING:
        raise WireFault(Fault.REFUSED, f"{kind.name} is refused: the warehouse answers SELECT and EXPLAIN")
