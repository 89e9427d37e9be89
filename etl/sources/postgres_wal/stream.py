"""A connection that receives a slot's changes: the streaming replication protocol on libpq's level of psycopg."""

import struct
import time
from types import TracebackType
from typing import Final, Self

import numpy as np
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.messages import EPOCH_MICROSECONDS
from etl.sources.postgres_wal.wire import Block, begin_copy

_DATA, _KEEPALIVE = ord("w"), ord("k")
_HEAD: Final = 25
_KEEPALIVE_PARTS = struct.Struct(">cqqB")
_STATUS = struct.Struct(">cqqqqB")
# Where the head tells when it was sent.
_SENT_AT: Final = 17
_MOMENT = struct.Struct(">q")
# How long the server waits for an answer while a large batch is written.
_PATIENCE: Final = "10min"
# Both ends notice within half a minute that the machine at the other one is gone.
_SERVER_KEEPALIVES: Final = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
_CLIENT_KEEPALIVES: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_UNANSWERED_MILLISECONDS: Final = 30_000
_CONNECT_SECONDS: Final = 5
_STATUS_SECONDS: Final = 5.0


class ReplicationStream:
    """Receives what was committed after `position`; `acknowledge` lets the source forget it."""

    def __init__(self, url: str, slot: str, publication: str, position: int) -> None:
        self._connection = replication_connection(url)
        self._acknowledged = 0
        self._told = 0.0
        # What was written up to here has been received; on an idle source it is beyond the last commit.
        self.received = position
        # When the last message was sent, by the source's clock, in microseconds from 1970.
        self.sent_at = 0
        start = f"{(position + 1) >> 32:X}/{(position + 1) & 0xFFFFFFFF:X}"
        command = (
            f'START_REPLICATION SLOT "{slot}" LOGICAL {start} '
            f"(proto_version '1', publication_names '\"{publication}\"', messages 'true', binary 'true')"
        )
        try:
            self._wire = begin_copy(self._connection, command)
        except BaseException:
            self._connection.finish()
            raise

    def next(self, seconds: float) -> Block | None:
        """Return the next messages of pgoutput; None when none come within the time. SourceGone when it is over.

        With 0 seconds only what has arrived already is returned.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.pulse()
            left = max(deadline - time.monotonic(), 0.0)
            block = self._wire.read(min(left, _STATUS_SECONDS))
            if self._wire.is_over:
                raise SourceGone("the source ended the stream")
            if block is not None and (messages := self._messages(block)) is not None:
                return messages
            if block is None and left <= _STATUS_SECONDS:
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
        self._wire.write(_STATUS.pack(b"r", place, place, place, now, 0))

    def close(self) -> None:
        """End the connection."""
        self._wire.close()
        self._connection.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _messages(self, block: Block) -> Block | None:
        """Return what was sent of the log; the server's signs of life are heard and left out."""
        kinds = np.frombuffer(block.data, dtype=np.uint8)[block.starts]
        is_data = kinds == _DATA
        for place in np.flatnonzero(kinds == _KEEPALIVE).tolist():
            self._alive(block.data[block.starts[place] : block.ends[place]])
        heads, ends = (block.starts, block.ends) if is_data.all() else (block.starts[is_data], block.ends[is_data])
        if not len(heads):
            return None
        self.sent_at = _MOMENT.unpack_from(block.data, int(heads[-1]) + _SENT_AT)[0] + EPOCH_MICROSECONDS
        return Block(block.data, heads + _HEAD, ends)

    def _alive(self, message: bytes) -> None:
        _, end, _, is_asked = _KEEPALIVE_PARTS.unpack(message)
        self.received = max(self.received, end - 1)
        if is_asked:
            self.tell()


def replication_connection(url: str) -> pq.abc.PGconn:
    """Connect for replication of one database; SourceGone when that can't be had."""
    text = lively(url, f"-c wal_sender_timeout={_PATIENCE}", replication="database")
    connection = pq.PGconn.connect(text.encode())
    if connection.status != pq.ConnStatus.OK:
        reason = connection.error_message.decode(errors="replace").strip().splitlines()
        connection.finish()
        raise SourceGone(reason[-1] if reason else "the source can't be reached")
    return connection


def lively(url: str, *options: str, **more: str) -> str:
    """Return how to connect so that an end which is gone is noticed within half a minute; the URL's options stay."""
    said = str(conninfo_to_dict(url).get("options") or "")
    return make_conninfo(
        url,
        options=" ".join(filter(None, [said, _SERVER_KEEPALIVES, *options])),
        connect_timeout=_CONNECT_SECONDS,
        tcp_user_timeout=_UNANSWERED_MILLISECONDS,
        **_CLIENT_KEEPALIVES,
        **more,
    )
