"""A source's log, as tests ask for its end and let it forget a slot."""

import psycopg

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.slot import drop_slot
from tests.servers import wait_until


def log_end(connection: psycopg.Connection) -> int:
    """Return the LSN at which the log ends by now."""
    found = connection.execute("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
    assert found is not None
    return int(found[0])


def let_go(connection: psycopg.Connection, slot: str) -> None:
    """Drop a slot; the server notices a moment later that nobody reads it any more."""

    def is_dropped() -> bool:
        try:
            drop_slot(connection, slot)
        except SourceGone:
            return False
        return True

    wait_until("the slot is let go", is_dropped)
