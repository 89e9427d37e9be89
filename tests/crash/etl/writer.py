"""Program that changes audited tables without a pause, in transactions of every kind.

Usage: writer.py URL NUMBER. It goes on through every crash of the database; what was under way may then have been
committed or not, which the audit table knows.
"""

import contextlib
import random
import sys
import time
from collections.abc import Callable
from typing import Final

import psycopg

KEYS: Final = 300
_LARGE: Final = 1000
_ROW: Final = "%(key)s, %(n)s, %(n)s / 100.0, now(), repeat(md5(%(n)s::text), 150)"
_PUT: Final = f"insert into {{table}} select {_ROW} on conflict (id) do update set n = excluded.n, note = excluded.note"
_TOUCH: Final = "update {table} set n = %(n)s, amount = %(n)s / 100.0 where id = %(key)s"
_MOVE: Final = "update {table} set id = %(other)s, n = %(n)s where id = %(key)s"
_DELETE: Final = "delete from {table} where id = %(key)s"
_BULK: Final = f"""
insert into {{table}} select %(key)s + 1000 + i, %(n)s, i, now(), null from generate_series(1, {_LARGE}) i
on conflict (id) do update set n = excluded.n
"""


class Writer:
    """Makes transactions of random changes."""

    def __init__(self, connection: psycopg.Connection, number: int) -> None:
        self._connection = connection
        self._dice = random.Random(time.time_ns() + number)

    def transaction(self) -> None:
        """Commit some changes, or roll them back."""
        kinds: list[Callable[[], None]] = [self._some, self._rolled_back_in_part, self._anew, self._rolled_back]
        with self._connection.transaction():
            self._dice.choices([*kinds, self._bulk, self._empty], [60, 15, 10, 8, 1, 1])[0]()

    def _change(self, statement: str, table: str | None = None, key: int | None = None) -> None:
        dice = self._dice
        values = {"key": key or dice.randint(1, KEYS), "other": dice.randint(1, KEYS), "n": dice.getrandbits(40)}
        self._connection.execute(statement.format(table=table or dice.choice(("ledger", "journal"))), values)

    def _some(self) -> None:
        for _ in range(self._dice.randint(1, 4)):
            self._change(self._dice.choice((_PUT, _PUT, _TOUCH, _TOUCH, _MOVE, _DELETE)))

    def _rolled_back_in_part(self) -> None:
        self._some()
        with self._connection.transaction(force_rollback=True):
            self._some()
        self._some()

    def _rolled_back(self) -> None:
        self._some()
        raise psycopg.Rollback

    def _anew(self) -> None:
        """Update, delete and insert one row."""
        key = self._dice.randint(1, KEYS)
        for statement in (_PUT, _TOUCH, _DELETE, _PUT, _TOUCH):
            self._change(statement, "ledger", key)

    def _bulk(self) -> None:
        self._change(_BULK)

    def _empty(self) -> None:
        self._connection.execute("truncate journal")
        self._some()


def main(url: str, number: int) -> None:
    """Write until killed."""
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                writer = Writer(connection, number)
                while True:
                    with contextlib.suppress(psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
                        writer.transaction()
                    time.sleep(0.01)
        except (psycopg.Error, psycopg.Rollback):
            # A rollback that the database did not live to see is raised on.
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
