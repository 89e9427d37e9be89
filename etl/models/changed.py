"""Which models a run may leave out: those whose sources had no arrivals since the last whole run.

What is known is one row of `pipeline.whole_run`: up to which load, and on which day of São Paulo, everything was built
last without a fault. Where there is none, everything is built.
"""

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import duckdb

from etl.models.staging import landing_tables

EVERYTHING: Final = "*"
"""The selection of all models."""

_DAY: Final = ZoneInfo("America/Sao_Paulo")
_OF_DAY: Final = "int_clock+"
# What is different at another moment of the same day, too.
_OF_MOMENT: Final = "tag:moment"


def changed_selection(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    """Return dbt's selection of what has to be built."""
    known = _last_whole_run(cursor)
    if known is None:
        return [EVERYTHING]
    load_id, day = known
    words = [word for table in landing_tables() if _has_arrivals(cursor, table, load_id) for word in _readers(table)]
    if day != today():
        words.append(_OF_DAY)
    return [*words, _OF_MOMENT]


def note_whole_run(cursor: duckdb.DuckDBPyConnection, day: dt.date) -> None:
    """Note that everything is built up to the end of the last run's window, as it is on the day on which that began."""
    window = cursor.execute("select load_id from pipeline.run_window order by number desc limit 1").fetchone()
    if window is None:
        return
    cursor.execute("begin")
    cursor.execute("create table if not exists pipeline.whole_run (load_id bigint, day date)")
    cursor.execute("delete from pipeline.whole_run")
    cursor.execute("insert into pipeline.whole_run values (?, ?)", [window[0], day])
    cursor.execute("commit")


def _last_whole_run(cursor: duckdb.DuckDBPyConnection) -> tuple[int, dt.date] | None:
    try:
        found = cursor.execute("select load_id, day from pipeline.whole_run").fetchone()
    except duckdb.CatalogException:
        return None
    return None if found is None else (found[0], found[1])


def _has_arrivals(cursor: duckdb.DuckDBPyConnection, table: str, load_id: int) -> bool:
    found = cursor.execute(f"select 1 from raw.{table}__log where _load_id > ? limit 1", [load_id]).fetchone()
    return found is not None


def _readers(table: str) -> tuple[str, str, str]:
    return (f"source:raw.{table}+", f"source:raw.{table}__log+", f"source:raw.{table}__base+")


def today() -> dt.date:
    """Return the day of São Paulo."""
    return dt.datetime.now(_DAY).date()
