"""What the audit says beside what the warehouse has: lost, doubled and wrong changes, and other content."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from tests.crash.etl.source import TABLES

Event = tuple[Any, ...]
Histories = dict[int, list[Event]]

_INSERT, _UPDATE, _DELETE, _TRUNCATE = 1, 2, 3, 4


@dataclass(frozen=True)
class Verdict:
    """How many changes there were, and what is wrong with them."""

    changes: int
    lost: int
    doubled: int
    wrong: int
    differing_rows: int

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.wrong or self.differing_rows)


def verdict(url: str, path: Path) -> Verdict:
    """Compare every audited change with the log, and every row with the tables; the worker must have ended."""
    with psycopg.connect(url) as source, duckdb.connect(str(path), read_only=True) as warehouse:
        source.execute("set timezone = 'UTC'")
        warehouse.execute("set timezone = 'UTC'")
        found = [
            _compared(_audited(source, table), _logged(warehouse, table), _differing(source, warehouse, table))
            for table in TABLES
        ]
    return Verdict(*(sum(column) for column in zip(*found, strict=True)))


def _audited(source: psycopg.Connection, table: str) -> Histories:
    """Return each row's changes in order, with the number of the table's emptying that came before."""
    histories: Histories = defaultdict(list)
    epoch = 0
    query = "select what, old_id, id, n, amount, at, note from audit where table_name = %s order by number"
    for what, old, key, *values in source.execute(query, [table]):
        if what == "TRUNCATE":
            epoch += 1
        elif what == "DELETE":
            histories[old].append((epoch, _DELETE))
        elif what == "UPDATE" and old != key:
            histories[old].append((epoch, _DELETE))
            histories[key].append((epoch, _INSERT, *values))
        else:
            histories[key].append((epoch, _INSERT if what == "INSERT" else _UPDATE, *values))
    return histories


def _logged(warehouse: duckdb.DuckDBPyConnection, table: str) -> Histories:
    histories: Histories = defaultdict(list)
    epoch = 0
    query = f'select _op, _key, n, amount, "at", md5(note) from raw.{table}__log order by _commit_lsn, _seq'
    for what, key, *values in warehouse.execute(query).fetchall():
        if what == _TRUNCATE:
            epoch += 1
        else:
            histories[key].append((epoch, what) if what == _DELETE else (epoch, what, *values))
    return histories


def _compared(audited: Histories, logged: Histories, differing: int) -> tuple[int, int, int, int, int]:
    lost = doubled = wrong = 0
    for key in audited.keys() | logged.keys():
        expected, found = audited.get(key, []), logged.get(key, [])
        missing, more = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
        lost += missing.total()
        doubled += more.total()
        wrong += not missing and not more and expected != found
    return sum(map(len, audited.values())), lost, doubled, wrong, differing


def _differing(source: psycopg.Connection, warehouse: duckdb.DuckDBPyConnection, table: str) -> int:
    columns = 'id, n, amount, "at", md5(note)'
    expected = source.execute(f"select {columns} from {table} order by id").fetchall()
    found = warehouse.execute(f"select {columns} from raw.{table} order by id").fetchall()
    return len(set(expected) ^ set(found)) + abs(len(expected) - len(found))
