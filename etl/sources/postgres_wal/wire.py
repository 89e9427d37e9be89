"""What a server sends in COPY mode, taken from its connection in large blocks.

libpq gives out one message at a time, each a call and an object, though a message is a row here. So libpq makes the
connection, and blocks are read from its socket; where it has encrypted the connection it has to be asked all the same.
The frames are those of "Message Formats" in PostgreSQL's documentation, protocol version 3.
"""

import contextlib
import os
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

import numpy as np
import psycopg
from psycopg import pq

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.cells import PADDING, Positions
from etl.sources.postgres_wal.faults import refused
from etl.sources.postgres_wal.framing import DATA, FRAME, LENGTH, contents
from etl.sources.postgres_wal.held import Held

_BLOCK: Final = 2**18
_LAST_BLOCKS: Final = 64
# A server sends 8 kB at a time: to be woken for each costs both sides more than to take it. After less than half a
# block what follows is let gather.
_LITTLE: Final = _BLOCK // 2
_GATHER_SECONDS: Final = 0.002
# A server may wait for a lock before it begins.
_PATIENCE_SECONDS: Final = 600.0
_ERROR, _READY = ord("E"), ord("Z")
_BEGINS = b"WH"
"""CopyBothResponse and CopyOutResponse."""
# ReadyForQuery: what a server sends last, and a byte for the state of the transaction.
_LAST: Final = b"Z\0\0\0\5"
_PRIMARY: Final = b"M"


@dataclass(frozen=True)
class Block:
    """Messages one after the other, and room behind them: where the content of each begins and ends in the data."""

    data: bytes
    starts: Positions
    ends: Positions


class Wire(Protocol):
    """A connection in COPY mode; `is_over` tells that the server has sent everything."""

    is_over: bool

    def read(self, seconds: float, size: int = 0) -> Block | None:
        """Return what has come; None when nothing has within the time, and when the server has ended the copy.

        So many bytes are waited for, until the time is over or the server has nothing more to send. With 0 seconds only
        what has arrived already is returned.
        """

    def write(self, data: bytes) -> None:
        """Send one message."""

    def close(self) -> None:
        """Let go of what is held beside libpq's connection."""


def begin_copy(connection: pq.abc.PGconn, command: str) -> Wire:
    """Give a command that begins a copy; SourceGone with the server's words when it refuses."""
    return LibpqWire(connection, command) if _is_encrypted(connection) else SocketWire(connection, command)


class SocketWire:
    """Reads the socket beside libpq, which is idle meanwhile and has nothing left in its own buffer."""

    def __init__(self, connection: pq.abc.PGconn, command: str) -> None:
        self._socket = socket.socket(fileno=os.dup(connection.socket))
        self._held, self._needed = Held(), FRAME
        self.is_over = False
        try:
            query = command.encode() + b"\0"
            self._send(b"Q" + LENGTH.pack(len(query) + 4) + query)
            self._await_begin()
        except BaseException:
            self.close()
            raise

    def read(self, seconds: float, size: int = 0) -> Block | None:
        """Return what has come."""
        deadline = time.monotonic() + seconds
        while self._awaits(size) and self._wait_for_much(deadline):
            pass
        while (found := self._take()) is None:
            if self.is_over or not self._wait(deadline):
                return None
        return found

    def write(self, data: bytes) -> None:
        """Send one message."""
        self._send(b"d" + LENGTH.pack(len(data) + 4) + data)

    def close(self) -> None:
        """Let the socket go; the connection stays libpq's."""
        # A connection that ends with bytes unread is reset, and the server loses what it was told last.
        with contextlib.suppress(OSError):
            for _ in range(_LAST_BLOCKS):
                if not self._socket.recv(_BLOCK):
                    break
        self._socket.close()

    def _await_begin(self) -> None:
        while True:
            for kind, content in self._frames():
                if kind in _BEGINS:
                    return
                if kind == _ERROR:
                    raise SourceGone(_primary(content))
            if not self._receive(_PATIENCE_SECONDS):
                raise SourceGone("the source does not answer")

    def _frames(self) -> Iterator[tuple[int, bytes]]:
        """Give whole messages one by one, and hold what is behind the last one that was asked for."""
        while (end := self._end_of_first()) is not None and end <= self._held.size:
            message = self._held.seen(0, end)
            self._drop(end)
            yield message[0], message[FRAME:]

    def _awaits(self, size: int) -> bool:
        """Tell whether more is to come before so much is held."""
        return self._held.size < size and not self.is_over and self._held.last(len(_LAST) + 1)[:-1] != _LAST

    def _take(self) -> Block | None:
        """Return the messages that are held whole."""
        if self._held.size < self._needed:
            return None
        data = self._held.padded()
        begins, end = contents(data, self._held.size)
        self._drop(end)
        if not len(begins):
            return None
        ends = np.append(begins[1:] - FRAME, end)
        kinds = np.frombuffer(data, dtype=np.uint8)[begins - FRAME]
        is_data = kinds == DATA
        if not is_data.all():
            for place in np.flatnonzero(~is_data).tolist():
                self._told(int(kinds[place]), data[begins[place] : ends[place]])
            begins, ends = begins[is_data], ends[is_data]
        return Block(data, begins, ends) if len(begins) else None

    def _told(self, kind: int, content: bytes) -> None:
        """Hear of what is not data; notices and parameters say nothing here."""
        if kind == _ERROR:
            raise SourceGone(_primary(content))
        if kind == _READY:
            self.is_over = True

    def _drop(self, count: int) -> None:
        self._held.drop(count)
        self._needed = self._end_of_first() or FRAME

    def _end_of_first(self) -> int | None:
        """Return where the first message ends; None where it is not known yet."""
        length = self._held.seen(1, FRAME)
        return 1 + LENGTH.unpack(length)[0] if len(length) == LENGTH.size else None

    def _wait(self, deadline: float) -> bool:
        """Wait for more; tell whether to look again."""
        left = max(deadline - time.monotonic(), 0.0)
        return self._receive(left) or left > 0

    def _wait_for_much(self, deadline: float) -> bool:
        """Wait for more, and let what follows gather where little came; tell whether to look again."""
        held = self._held.size
        is_to_look = self._wait(deadline)
        if is_to_look and self._held.size - held < _LITTLE:
            time.sleep(_GATHER_SECONDS)
        return is_to_look

    def _receive(self, seconds: float) -> bool:
        """Wait for bytes and hold them; tell whether any came."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return False
        try:
            count = self._socket.recv_into(self._held.free(_BLOCK))
        except BlockingIOError:
            return False
        except OSError as error:
            raise _gone(error) from None
        if not count:
            raise SourceGone("the source ended the connection")
        self._held.filled(count)
        return True

    def _send(self, data: bytes) -> None:
        while data:
            if not select.select([], [self._socket], [], _PATIENCE_SECONDS)[1]:
                raise SourceGone("the source takes nothing in any more")
            try:
                data = data[self._socket.send(data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise _gone(error) from None


class LibpqWire:
    """Asks libpq for each message."""

    def __init__(self, connection: pq.abc.PGconn, command: str) -> None:
        self._connection = connection
        self.is_over = False
        result = connection.exec_(command.encode())
        if result.status not in (pq.ExecStatus.COPY_BOTH, pq.ExecStatus.COPY_OUT):
            raise SourceGone(refused(result))

    def read(self, seconds: float, size: int = 0) -> Block | None:
        """Return what has come."""
        deadline = time.monotonic() + seconds
        pieces: list[memoryview] = []
        held = 0
        while held < max(size, 1) and not self.is_over:
            more = self._pieces()
            if not more and not self._wait(deadline):
                break
            pieces += more
            held += sum(map(len, more))
        if not pieces:
            return None
        ends = np.fromiter(accumulate(map(len, pieces)), dtype=np.int64, count=len(pieces))
        return Block(b"".join([*pieces, PADDING]), np.append(0, ends[:-1]), ends)

    def write(self, data: bytes) -> None:
        """Send one message."""
        with _ends_of_connections():
            self._connection.put_copy_data(data)
            self._connection.flush()

    def close(self) -> None:
        """Nothing is held beside libpq."""

    def _pieces(self) -> list[memoryview]:
        pieces, size = [], 0
        while size < _BLOCK and not self.is_over:
            length, data = self._connection.get_copy_data(1)
            if length < 0:
                self._end()
            if length <= 0:
                break
            pieces.append(memoryview(data))
            size += length
        return pieces

    def _end(self) -> None:
        result = self._connection.get_result()
        while self._connection.get_result() is not None:
            pass
        if result is None or result.status != pq.ExecStatus.COMMAND_OK:
            raise SourceGone(refused(result))
        self.is_over = True

    def _wait(self, deadline: float) -> bool:
        left = max(deadline - time.monotonic(), 0.0)
        return self._receive(left) or left > 0

    def _receive(self, seconds: float) -> bool:
        if not select.select([self._connection.socket], [], [], seconds)[0]:
            return False
        with _ends_of_connections():
            self._connection.consume_input()
        return True


def _is_encrypted(connection: pq.abc.PGconn) -> bool:
    if connection.ssl_in_use:
        return True
    result = connection.exec_(b"select from pg_stat_gssapi where pid = pg_backend_pid() and encrypted")
    return result.ntuples > 0


def _primary(content: bytes) -> str:
    """Return the first line of an error, which quotes no rows."""
    fields = {field[:1]: field[1:] for field in content.split(b"\0") if field}
    return fields.get(_PRIMARY, b"the source ended the stream").decode(errors="replace")


def _gone(error: Exception) -> SourceGone:
    return SourceGone(f"the connection to the source ended ({type(error).__name__})")


@contextlib.contextmanager
def _ends_of_connections() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise _gone(error) from None
