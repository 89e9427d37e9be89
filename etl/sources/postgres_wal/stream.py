"""A connection that receives a slot's changes: the streaming replication protocol on libpq's level of psycopg."""

import select
import struct
import time
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from etl.sources.postgres_wal.faults import SourceGone, refused
from etl.sources.postgres_wal.messages import EPOCH_MICROSECONDS

_DATA, _KEEPALIVE = ord("w"), ord("k")
_HEAD: Final = 25
_KEEPALIVE_PARTS = struct.Struct(">cqqB")
_STATUS = struct.Struct(">cqqqqB")
# How long the server waits for an answer while a large batch is written.
_PATIENCE: Final = "10min"
KEEPALIVES: Final = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""Options by which the server notices within half a minute that the machine at a connection's other end is gone."""

_STATUS_SECONDS: Final = 5.0


class ReplicationStream:
    """Receives what was committed after `position`; `acknowledge` lets the source forget it."""

    def __init__(self, url: str, slot: str, publication: str, position: int) -> None:
        self._connection = replication_connection(url)
        self._acknowledged = 0
        self._told = 0.0
        # What was written up to here has been received; on an idle source it is beyond the last commit.
        self.received = position
        start = f"{(position + 1) >> 32:X}/{(position + 1) & 0xFFFFFFFF:X}"
        command = (
            f'START_REPLICATION SLOT "{slot}" LOGICAL {start} '
            f"(proto_version '1', publication_names '\"{publication}\"', messages 'true', binary 'true')"
        )
        result = self._connection.exec_(command.encode())
        if result.status != pq.ExecStatus.COPY_BOTH:
            message = refused(result)
            self.close()
            raise SourceGone(message)

    def next(self, seconds: float) -> memoryview | bytes | None:
        """Return the next message of pgoutput; None when none comes within the time. SourceGone when it is over.

        With 0 seconds only what has arrived already is returned.
        """
        deadline = time.monotonic() + seconds
        while True:
            size, data = self._connection.get_copy_data(1)
            if size > 0:
                if data[0] == _DATA:
                    return data[_HEAD:]
                self._alive(data)
                continue
            if size < 0:
                raise SourceGone(self._reason())
            left = deadline - time.monotonic()
            if not self._wait(max(left, 0.0)) and left <= 0:
                return None

    def acknowledge(self, position: int) -> None:
        """Tell the source that every commit up to an LSN is durable here."""
        self._acknowledged = max(self._acknowledged, position + 1)
        self.tell()

    def pulse(self) -> None:
        """Tell the source from time to time that this end lives, while nothing is read."""
        if time.monotonic() - self._told > _STATUS_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Send where this end stands."""
        self._told = time.monotonic()
        now = time.time_ns() // 1000 - EPOCH_MICROSECONDS
        place = self._acknowledged
        try:
            self._connection.put_copy_data(_STATUS.pack(b"r", place, place, place, now, 0))
            self._connection.flush()
        except psycopg.Error as error:
            raise SourceGone(f"the replication connection ended ({type(error).__name__})") from None

    def close(self) -> None:
        """End the connection."""
        self._connection.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _alive(self, data: memoryview | bytes) -> None:
        if data[0] == _KEEPALIVE:
            _, end, _, is_asked = _KEEPALIVE_PARTS.unpack_from(data)
            self.received = max(self.received, end - 1)
            if is_asked:
                self.tell()

    def _wait(self, seconds: float) -> bool:
        """Wait for bytes, and tell whether any came."""
        self.pulse()
        ready, _, _ = select.select([self._connection.socket], [], [], min(seconds, _STATUS_SECONDS))
        if ready:
            try:
                self._connection.consume_input()
            except psycopg.Error as error:
                raise SourceGone(f"the replication connection ended ({type(error).__name__})") from None
        return bool(ready)

    def _reason(self) -> str:
        return refused(self._connection.get_result())


def replication_connection(url: str) -> pq.abc.PGconn:
    """Connect for replication of one database; SourceGone when that can't be had."""
    options = f"-c wal_sender_timeout={_PATIENCE} {KEEPALIVES}"
    text = make_conninfo(url, replication="database", options=options, connect_timeout=5)
    connection = pq.PGconn.connect(text.encode())
    if connection.status != pq.ConnStatus.OK:
        reason = connection.error_message.decode(errors="replace").strip().splitlines()
        connection.finish()
        raise SourceGone(reason[-1] if reason else "the source can't be reached")
    return connection
