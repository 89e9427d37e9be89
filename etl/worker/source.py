"""Where changes come from, and the part of the source that a worker needs beside the stream."""

import zlib
from dataclasses import dataclass, field
from typing import Final

import psycopg

from etl.sources.postgres_wal.stream import lively

SLOT: Final = "cienty_warehouse"
PUBLICATION: Final = "cienty_warehouse"
# The first half of the key of an advisory lock; the second is the slot's.
_LOCK_SPACE: Final = 0x6761_7465


@dataclass(frozen=True)
class Source:
    """An operational database: its URL as a role that owns the tables and may replicate, its slot, its publication."""

    url: str = field(repr=False)
    slot: str = SLOT
    publication: str = PUBLICATION

    def connect(self) -> psycopg.Connection:
        """Open a connection beside the stream; each statement is a transaction of its own.

        Where row policies would hide rows from it, a statement fails instead of copying a part of a table.
        """
        return psycopg.connect(lively(self.url, "-c row_security=off", application_name="gateway etl"), autocommit=True)

    def take_turn(self, connection: psycopg.Connection) -> bool:
        """Try to be the one that reads the slot, for as long as the connection lives.

        Asked again and again instead of waited for: a statement that waits would keep the source from vacuuming.
        """
        key = zlib.crc32(self.slot.encode()) - 2**31
        found = connection.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, key]).fetchone()
        return bool(found and found[0])
