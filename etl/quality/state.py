"""Checks of what the pipeline has done: rows that are there, dead letters, freshness."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import duckdb

from etl.quality.check import Check, Finding, Kind, Severity, judged

_OLDEST_BUILD: Final = dt.timedelta(hours=26)
_OLDEST_CHANGE: Final = dt.timedelta(hours=26)
_DAY: Final = "cast({} at time zone 'America/Sao_Paulo' as date)"
# Without rows while there are not weeks enough, or no orders of the last year.
_MAY_BE_EMPTY: Final = frozenset({"marts.price_elasticity", "marts.purchase_patterns"})


def check_counts(cursor: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> Iterator[Finding]:
    """Check that tables have rows, and have not lost more than half of them since they were counted last."""
    for table in tables:
        severity = Severity.WARN if table in _MAY_BE_EMPTY else Severity.FAIL
        check = Check(Kind.ROW_COUNT, table, severity=severity)
        rows, before = _count(cursor, table), _last_count(cursor, check.name)
        has_shrunk = before is not None and rows * 2 < before
        detail = f"{rows:,} rows, and {before:,} when it was counted last" if has_shrunk else None
        yield judged(check, rows, int(has_shrunk), detail)


def check_dead_letters(cursor: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> Iterator[Finding]:
    """Check that no change of a table waits to be read again."""
    for table in tables:
        letters = _number(cursor, f"select count(*) from raw.dead_letter where table_name = '{table}'")
        changes = _number(cursor, f"select count(*) from raw.{table}__log")
        detail = "gateway etl retry reads them again" if letters else None
        yield judged(Check(Kind.DEAD_LETTERS, f"raw.{table}"), changes + letters, letters, detail)


def check_freshness(cursor: duckdb.DuckDBPyConnection, tables: Sequence[str], now: dt.datetime) -> Iterator[Finding]:
    """Check that the models were built lately, and that changes came."""
    newest = " union all ".join(f"select max(_committed_at) as newest from raw.{table}__log" for table in tables)
    changed = cursor.execute(f"select max(newest) from ({newest})").fetchone()
    yield _aged(Check(Kind.FRESHNESS, "raw", severity=Severity.WARN), changed, now, _OLDEST_CHANGE)
    built = cursor.execute(
        "select max(started_at) from pipeline.run where kind in ('models', 'full models') and result = 'good'"
    ).fetchone()
    yield _aged(Check(Kind.FRESHNESS, "marts"), built, now, _OLDEST_BUILD)


def check_gaps(cursor: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> Iterator[Finding]:
    """Check that no day of the history lacks changes; the detail names those that do.

    Changes are lost with the slot. Copies bring the tables' rows, but not what happened to them in between, so that
    stock and dimensions of such a day are those of its neighbours.
    """
    oldest = " union all ".join(f"select min(_committed_at) as moment from raw.{table}__log" for table in tables)
    days = _number(cursor, f"select coalesce(date_diff('day', min(moment), now()) + 1, 0) from ({oldest})")
    gaps = cursor.execute(
        f"select {_DAY.format('since')}, {_DAY.format('until')} from raw.gap"
        f" where until >= (select min(moment) from ({oldest})) order by all"
    ).fetchall()
    lacking = {first + dt.timedelta(days=n) for first, last in gaps for n in range((last - first).days + 1)}
    detail = ", ".join(f"{first} to {last}" for first, last in gaps)
    yield judged(Check(Kind.GAP, "raw", severity=Severity.WARN), days, len(lacking), detail or None)


def _aged(check: Check, found: tuple[dt.datetime | None] | None, now: dt.datetime, limit: dt.timedelta) -> Finding:
    at = found[0] if found else None
    if at is None:
        return judged(check, 0, 0)
    age = now - at
    detail = f"{age.total_seconds() / 3600:,.1f} hours old, more than {limit.total_seconds() / 3600:.0f}"
    return judged(check, 1, int(age > limit), detail if age > limit else None)


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    return _number(cursor, f"select count(*) from {table}")


def _last_count(cursor: duckdb.DuckDBPyConnection, check: str) -> int | None:
    found = cursor.execute(
        "select examined from pipeline.check_result where check_name = ? and examined is not null"
        " order by checked_at desc limit 1",
        [check],
    ).fetchone()
    return int(found[0]) if found else None


def _number(cursor: duckdb.DuckDBPyConnection, query: str) -> int:
    found = cursor.execute(query).fetchone()
    return int(found[0]) if found else 0
