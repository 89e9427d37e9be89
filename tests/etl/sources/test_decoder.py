"""Batches do not depend on how the log's messages come in blocks."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.changes import Control
from etl.sources.postgres_wal.decoder import Decoder
from tests.etl.command_table import COMMAND_TABLE
from tests.etl.sources.recording import Row, Source, block_of, messages_of, rows_of, shape_of, streaming

SHAPES = (
    shape_of("texts", id=pa.int64(), text=pa.string()),
    shape_of("numbers", id=pa.int64(), amount=pa.decimal128(14, 2)),
)
WRITES = """
insert into texts select n, repeat('x', n) from generate_series(1, 40) n
update texts set id = id + 100 where id % 7 = 0
update texts set text = 'y' where id < 20; insert into numbers values (1, 1.5), (2, 'NaN'), (3, 3)
insert into unpublished values (1)
delete from texts where id < 10; truncate numbers; insert into numbers values (4, 4)
alter table numbers add column later int; insert into numbers values (5, 5)
insert into gateway_command (command, about, key) values ('erase', 'texts', 5)
update texts set id = 1000, text = 'moved' where id = 30; update texts set id = 1001 where id = 1000
"""


@pytest.fixture
def recorded(empty_database: str) -> Iterator[tuple[Source, list[bytes]]]:
    """Give a source, and every message that it has sent of some writes."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table texts (id bigint primary key, text text)")
        connection.execute("create table numbers (id bigint primary key, amount numeric)")
        connection.execute(COMMAND_TABLE)
        connection.execute("create table unpublished (id bigint primary key)")
    with streaming(empty_database, *SHAPES) as source:
        for line in WRITES.strip().splitlines():
            source.connection.execute(line)
        yield source, messages_of(source)


class Decoded(NamedTuple):
    """What came out of messages."""

    rows: list[Row]
    letters: list[tuple[str, int, int | None, bytes]]
    control: list[Control]
    through: int


def decoded(source: Source, messages: Sequence[bytes], cuts: Sequence[int], takes: Sequence[int]) -> Decoded:
    decoder, batches = Decoder(source.shapes, source.position), []
    bounds = sorted({0, len(messages), *(cut % len(messages) for cut in [*cuts, *takes])})
    for begin, end in pairwise(bounds):
        decoder.feed(block_of(messages[begin:end]))
        if end in {take % len(messages) for take in takes}:
            batches.append(decoder.take())
    batches.append(decoder.take())
    rows = rows_of(part for batch in batches for part in batch.changes)
    letters = [(one.table, one.seq, one.key, one.raw) for batch in batches for one in batch.dead]
    return Decoded(rows, letters, [one for batch in batches for one in batch.control], batches[-1].through)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 500), max_size=10), takes=st.lists(st.integers(0, 500), max_size=3))
def test_blocks_may_be_cut_anywhere(recorded: tuple[Source, list[bytes]], cuts: list[int], takes: list[int]) -> None:
    source, messages = recorded
    expected = decoded(source, messages, range(len(messages)), [])
    assert len(expected.rows) > 70
    assert [letter[2] for letter in expected.letters] == [2]
    assert decoded(source, messages, cuts, takes) == expected


def test_the_order_within_a_transaction_counts_on_over_blocks(recorded: tuple[Source, list[bytes]]) -> None:
    source, messages = recorded
    rows = decoded(source, messages, [5, 11, 50, 51, 52], []).rows
    moved = [(row["_op"], row["_key"], row["_old_key"], row["_seq"]) for row in rows][-4:]
    assert moved == [(3, 30, None, 0), (1, 1000, 30, 1), (3, 1000, None, 2), (1, 1001, 1000, 3)]
    commits = {row["_commit_lsn"] for row in rows}
    for commit in commits:
        places = [row["_seq"] for row in rows if row["_commit_lsn"] == commit]
        assert places == sorted(set(places))
