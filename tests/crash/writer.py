"""Program that writes rows without a pause and notes each commit that the database has acknowledged.

Usage: writer.py URL FILE NUMBER. It goes on through every crash: what was under way then may have been committed or
not, and is given up.
"""

import os
import sys
import time

import psycopg

# Most transactions are small; every so often one is large enough to be met half-way.
_LARGE_EVERY, _LARGE = 50, 3000


def write(connection: psycopg.Connection, writer: int, number: int) -> None:
    """Write rows and their sum in one transaction: both are there afterwards, or neither."""
    rows = _LARGE if number % _LARGE_EVERY == 0 else 3
    with connection.transaction():
        connection.execute(
            "insert into entries (writer, number, place, text)"
            " select %s, %s, place, repeat('x', 200) from generate_series(1, %s) as place",
            (writer, number, rows),
        )
        connection.execute("update sums set rows = rows + %s where writer = %s", (rows, writer))


def main(url: str, file: str, writer: int) -> None:
    """Write until killed."""
    acknowledged = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    number = 0
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
                while True:
                    number += 1
                    write(connection, writer, number)
                    os.write(acknowledged, f"{number}\n".encode())
        except psycopg.Error:
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
