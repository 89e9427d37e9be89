"""What a server sends comes whole and in order, however it is cut and whoever reads the connection."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.pq.abc import PGconn

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal import wire
from etl.sources.postgres_wal.wire import LibpqWire, SocketWire, Wire, begin_copy
from tests.etl.sources.recording import copied, shape_of, streaming

Reader = type[LibpqWire] | type[SocketWire]
TEXTS = shape_of("texts", id=pa.int64(), text=pa.string())
FILL = """
insert into texts select n, repeat(n::text, case n when 7 then 700000 else 20 end) from generate_series(1, 3000) n
"""


@pytest.fixture(params=[False, True], ids=["socket", "libpq"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Let the one or the other read the connection."""
    monkeypatch.setattr(wire, "_is_encrypted", lambda _: request.param)
    return LibpqWire if request.param else SocketWire


@pytest.fixture
def database(empty_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table texts (id bigint primary key, text text); create table nothing (id int)")
        yield connection


def content(connection: psycopg.Connection, command: str) -> bytes:
    pieces = []
    with closing(begin_copy(connection.pgconn, command)) as reading:
        while (block := reading.read(10)) is not None:
            pieces += [block.data[start:end] for start, end in zip(block.starts, block.ends, strict=True)]
        assert reading.is_over
    return b"".join(pieces)


def test_a_connection_that_is_not_encrypted_is_read_from_its_socket(database: psycopg.Connection) -> None:
    reading = begin_copy(database.pgconn, "copy texts to stdout")
    assert isinstance(reading, SocketWire)
    reading.close()


def test_a_copy_comes_whole_and_leaves_the_connection_usable(database: psycopg.Connection, reader: Reader) -> None:
    database.execute(FILL)
    with database.cursor() as cursor, cursor.copy("copy texts to stdout") as rows:
        expected = b"".join(map(bytes, rows))
    assert len(expected) > 700_000
    assert content(database, "copy texts to stdout") == expected
    assert content(database, "copy nothing to stdout") == b""
    assert database.execute("select count(*) from texts").fetchone() == (3000,)


def test_as_much_as_is_wanted_is_waited_for(database: psycopg.Connection, reader: Reader) -> None:
    command = "copy (select repeat('x', 300) from generate_series(1, 3000)) to stdout"
    with closing(begin_copy(database.pgconn, command)) as reading:
        blocks = []
        # What is wanted is more than there is: the end is noticed, not waited for.
        while (block := reading.read(600, 2**19)) is not None:
            blocks.append(block)
        assert reading.is_over
    assert sum(len(block.starts) for block in blocks) == 3000
    assert [block.ends[-1] - block.starts[0] > 2**19 - 2**10 for block in blocks] == [True, False]


def test_what_comes_slowly_is_let_gather_where_much_is_wanted(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    command = "copy (select repeat('x', 9000), pg_sleep(0.02) from generate_series(1, 4)) to stdout"
    for size in (0, 2**19):
        with closing(begin_copy(database.pgconn, command)) as reading:
            read_on(reading, size)
        assert bool(pauses) == bool(size)


def test_copied_and_streamed_rows_are_those_of_the_table(database: psycopg.Connection, reader: Reader) -> None:
    url = database.info.dsn
    with streaming(f"{url} password={database.info.password}", TEXTS) as source:
        database.execute(FILL)
        found = [(row["id"], row["text"]) for row in source.changes()]
    expected = database.execute("select id, text from texts order by id").fetchall()
    assert found == expected
    assert [(row["id"], row["text"]) for row in copied(source.url, TEXTS)[0]] == expected


def test_what_the_server_refuses_is_told_in_its_words(database: psycopg.Connection, reader: Reader) -> None:
    with pytest.raises(SourceGone, match='relation "no_such_table" does not exist'):
        begin_copy(database.pgconn, "copy no_such_table to stdout")


def test_a_fault_within_a_copy_ends_it(database: psycopg.Connection, reader: Reader) -> None:
    database.execute(FILL)
    with pytest.raises(SourceGone, match="division by zero"):
        content(database, "copy (select 1 / (id - 3000) from texts) to stdout")


def test_the_end_of_the_connection_is_noticed(database: psycopg.Connection, reader: Reader) -> None:
    with psycopg.connect(database.info.dsn, password=database.info.password, autocommit=True) as other:
        command = "copy (select repeat('x', 9000), pg_sleep(1) from generate_series(1, 60)) to stdout"
        reading = begin_copy(other.pgconn, command)
        database.execute("select pg_terminate_backend(%s)", [other.info.backend_pid])
        with pytest.raises(SourceGone):
            read_on(reading)
        reading.close()


def read_on(reading: Wire, size: int = 0) -> None:
    for _ in range(60):
        reading.read(10, size)


class Connected:
    """Stands in for libpq's connection: the test is the server at the other end of its socket."""

    def __init__(self) -> None:
        self.server, self.client = socket.socketpair()
        self.client.setblocking(False)
        self.server.sendall(b"W" + struct.pack(">Ibh", 7, 0, 0))

    @property
    def socket(self) -> int:
        return self.client.fileno()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12), st.lists(st.integers(1, 30), max_size=12))
def test_messages_do_not_depend_on_how_they_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    connected = Connected()
    # Nothing of a connection is asked but its socket.
    reading = SocketWire(cast("PGconn", connected), "start")
    data = b"".join(b"d" + struct.pack(">I", len(one) + 4) + one for one in messages)
    # A notice between them is none of them.
    data = b"N" + struct.pack(">I", 5) + b"\0" + data
    found = []
    for cut in [*cuts, len(data)]:
        connected.server.sendall(data[:cut])
        data = data[cut:]
        while (block := reading.read(0)) is not None:
            found += [block.data[start:end] for start, end in zip(block.starts, block.ends, strict=True)]
    reading.close()
    connected.server.close()
    connected.client.close()
    assert found == messages
