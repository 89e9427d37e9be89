"""What the source's log becomes: each kind of change, on a real PostgreSQL and without REPLICA IDENTITY FULL."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pyarrow as pa
import pytest

from etl.changes import Operation
from etl.sources.faults import ChangesLost
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.slot import NewSlot, SlotState, drop_slot, require_resumable, slot_state
from etl.sources.postgres_wal.snapshot import copy_table
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.sources.postgres_wal.values import NOT_READABLE, TOO_LONG
from etl.sources.publication import NotPublishable, publish
from tests.etl.sources.recording import PUBLICATION, SHAPES, Source, copied, rows_of, shape_of, streaming
from tests.servers import wait_until

TEXTS = shape_of("texts", id=pa.int64(), short=pa.string(), long=pa.string())
VALUES = shape_of(
    "items",
    id=pa.int64(),
    big=pa.int64(),
    small=pa.int32(),
    amount=pa.decimal128(14, 2),
    is_on=pa.bool_(),
    at=pa.timestamp("us", "UTC"),
    day=pa.date32(),
    text=pa.string(),
    document=pa.string(),
)
LONG = "select string_agg(md5(n::text), '') from generate_series(1, 2000) n"


@pytest.fixture
def source(empty_database: str) -> Iterator[Source]:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table texts (id bigint primary key, short text, long text, secret text)")
        connection.execute(
            "create table items (id bigint primary key, big bigint, small int, amount numeric, is_on bool,"
            " at timestamptz, day date, text text, document jsonb)"
        )
        connection.execute("alter table texts alter long set storage external")
    with streaming(empty_database, TEXTS, VALUES) as found:
        yield found


def state_of(source: Source) -> SlotState:
    found = slot_state(source.connection, source.slot)
    assert found is not None
    return found


def operations(source: Source) -> list[tuple[int, int | None]]:
    return [(row["_op"], row["_key"]) for row in source.changes()]


def test_rows_come_in_the_order_of_their_commits(source: Source) -> None:
    with psycopg.connect(source.url) as first, psycopg.connect(source.url) as second:
        first.execute("insert into texts values (1, 'first')")
        second.execute("insert into items values (2)")
        second.commit()
        first.execute("update texts set short = 'later'")
    rows = source.changes()
    assert [(row["table"], row["_op"], row["_key"], row["_seq"]) for row in rows] == [
        ("items", Operation.INSERT, 2, 0),
        ("texts", Operation.INSERT, 1, 0),
        ("texts", Operation.UPDATE, 1, 1),
    ]
    assert rows[0]["_commit_lsn"] < rows[1]["_commit_lsn"] == rows[2]["_commit_lsn"]
    assert abs(rows[0]["_committed_at"] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert source.changes() == []


def test_every_type_keeps_its_value(source: Source) -> None:
    source.connection.execute("""
        insert into items values
        (1, 9223372036854775807, -2147483648, 123456789012.34, true, '2024-02-29 23:59:59.999999-03', '0001-01-01',
         'São João ✓', '{"a": [1, null]}'),
        (2, -9223372036854775808, 2147483647, -0.05, false, '9999-12-31 23:59:59.999999Z', '9999-12-31', '', '"x"'),
        (3, 0, 0, 0, null, '1969-12-31 23:59:59.999999Z', '1970-01-01', repeat('é', 40000), 'null'),
        (4, null, null, null, null, null, null, null, null),
        (5, 1, 1, 99999999999.9900, null, null, '1999-12-31', 'a', '{}'), (6, 1, 1, 10000, null, null, null, 'b', '1')
    """)
    rows = source.changes()
    found = [tuple(row[name] for name in VALUES.names) for row in rows]
    utc = dt.UTC
    assert found == [
        (1, 2**63 - 1, -(2**31), Decimal("123456789012.34"), True, dt.datetime(2024, 3, 1, 2, 59, 59, 999999, utc),
         dt.date(1, 1, 1), "São João ✓", '{"a": [1, null]}'),
        (2, -(2**63), 2**31 - 1, Decimal("-0.05"), False, dt.datetime(9999, 12, 31, 23, 59, 59, 999999, utc),
         dt.date(9999, 12, 31), "", '"x"'),
        (3, 0, 0, Decimal("0.00"), None, dt.datetime(1969, 12, 31, 23, 59, 59, 999999, utc), dt.date(1970, 1, 1),
         "é" * 40000, "null"),
        (4, *[None] * 8),
        (5, 1, 1, Decimal("99999999999.99"), None, None, dt.date(1999, 12, 31), "a", "{}"),
        (6, 1, 1, Decimal("10000.00"), None, None, None, "b", "1"),
    ]  # fmt: skip # a table
    assert [tuple(row[name] for name in VALUES.names) for row in copied(source.url, VALUES)[0]] == found


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("amount", "'NaN'", "range"),
        ("amount", "'Infinity'", "range"),
        ("amount", "1000000000000", "range"),
        ("amount", "0.001", "range"),
        ("amount", "1e30", "range"),
        ("at", "'infinity'", "range"),
        ("at", "'-infinity'", "range"),
        ("at", "'0044-03-15 BC'", "range"),
        ("at", "'20000-01-01'", "range"),
        ("day", "'infinity'", "range"),
        ("day", "'10000-01-01'", "range"),
    ],
)
def test_a_poison_value_is_a_dead_letter_and_stops_nobody(source: Source, column: str, value: str, reason: str) -> None:
    source.connection.execute(
        f"insert into items (id, {column}) values (1, null), (2, {value}), (3, null); insert into texts values (4)"
    )
    (batch,) = source.batches()
    assert [(letter.table, letter.key, letter.column, letter.seq) for letter in batch.dead] == [("items", 2, column, 1)]
    assert reason in batch.dead[0].reason
    assert sorted(key for part in batch.changes for key in part.records.column("_key").to_pylist()) == [1, 3, 4]
    rows, dead = copied(source.url, VALUES)
    assert ([row["_key"] for row in rows], [letter.key for letter in dead]) == ([1, 3], [2])


def test_a_number_beyond_eighteen_digits_is_exact(empty_database: str) -> None:
    wide = shape_of("wide", id=pa.int64(), amount=pa.decimal128(38, 10))
    texts = ["1234567890123456789012345678.0123456789", "-0.0000000001", "-9999999999999999999999999999.9999999999"]
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table wide (id bigint primary key, amount numeric)")
    with streaming(empty_database, wide) as source:
        for number, text in enumerate(texts):
            source.connection.execute("insert into wide values (%s, %s)", [number, Decimal(text)])
        assert [row["amount"] for row in source.changes()] == [Decimal(text) for text in texts]


def test_a_long_value_that_did_not_change_is_marked_as_not_sent(source: Source) -> None:
    source.connection.execute(f"insert into texts values (1, 'a', ({LONG}))")
    source.connection.execute("update texts set short = 'b'")
    first, second = source.changes()
    assert len(first["long"]) == 64000
    assert (second["short"], second["long"], second["_unchanged"]) == ("b", None, 1 << 2)
    assert first["_unchanged"] == 0


def test_a_changed_key_is_a_deletion_and_a_row_that_knows_its_old_key(source: Source) -> None:
    source.connection.execute(f"insert into texts values (1, 'a', ({LONG}))")
    source.connection.execute("update texts set id = 7")
    _, deletion, row = source.changes()
    assert (deletion["_op"], deletion["_key"], deletion["_old_key"]) == (Operation.DELETE, 1, None)
    assert (row["_op"], row["_key"], row["_old_key"]) == (Operation.INSERT, 7, 1)
    assert row["_unchanged"] == 1 << 2
    assert deletion["_seq"] + 1 == row["_seq"]


def test_replica_identity_full_makes_no_other_changes(source: Source) -> None:
    # The source refuses changes of such a table while a publication lists its columns.
    source.connection.execute("alter publication etl_test set table texts; alter table texts replica identity full")
    source.connection.execute("insert into texts values (1, 'a')")
    source.connection.execute("update texts set short = 'b'")
    source.connection.execute("update texts set id = 2")
    source.connection.execute("delete from texts")
    assert operations(source) == [
        (Operation.INSERT, 1),
        (Operation.UPDATE, 1),
        (Operation.DELETE, 1),
        (Operation.INSERT, 2),
        (Operation.DELETE, 2),
    ]


def test_truncate_has_no_key(source: Source) -> None:
    source.connection.execute("insert into texts values (1); truncate texts, items; insert into texts values (2)")
    assert operations(source) == [
        (Operation.INSERT, 1),
        (Operation.TRUNCATE, None),
        (Operation.TRUNCATE, None),
        (Operation.INSERT, 2),
    ]


def test_one_key_changed_several_times_in_a_transaction(source: Source) -> None:
    with source.connection.transaction():
        source.connection.execute("insert into texts values (1, 'a')")
        source.connection.execute("update texts set short = 'b'")
        source.connection.execute("delete from texts")
        source.connection.execute("insert into texts values (1, 'c')")
    rows = source.changes()
    assert [(row["_op"], row["short"]) for row in rows] == [(1, "a"), (2, "b"), (3, None), (1, "c")]
    assert [row["_seq"] for row in rows] == [0, 1, 2, 3]


def test_what_a_savepoint_rolled_back_never_comes(source: Source) -> None:
    with source.connection.transaction():
        source.connection.execute("insert into texts values (1)")
        with source.connection.transaction(force_rollback=True):
            source.connection.execute("insert into texts values (2)")
        source.connection.execute("insert into texts values (3)")
    assert operations(source) == [(1, 1), (1, 3)]


def test_a_column_that_is_not_declared_never_leaves(source: Source) -> None:
    source.connection.execute("insert into texts values (1, 'a', 'b', 'secret')")
    decoded = source.batches()
    assert "secret" not in str(decoded[0].changes[0].records.to_pylist())
    found = source.connection.execute("select attnames from pg_publication_tables where tablename = 'texts'").fetchall()
    assert found == [(["id", "short", "long"],)]


def test_columns_come_and_go(source: Source) -> None:
    run = source.connection.execute
    run("insert into texts values (1, 'a', 'b')")
    run("alter publication etl_test drop table texts")
    run("alter table texts rename short to brief")
    publish(source.connection, PUBLICATION, [TEXTS, VALUES])
    run("insert into texts values (2, 'c', 'd')")
    run("update texts set long = 'e' where id = 1")
    run("alter table texts rename brief to short")
    publish(source.connection, PUBLICATION, [TEXTS, VALUES])
    run("insert into texts values (3, 'f', 'g')")
    found = [(row["_key"], row["short"], row["long"], row["_unchanged"]) for row in source.changes()]
    assert found == [(1, "a", "b", 0), (2, None, "d", 2), (1, None, "e", 2), (3, "f", "g", 0)]


def test_types_that_are_widened_or_changed(source: Source) -> None:
    run = source.connection.execute
    run("insert into items (id, small, amount, text) values (1, 1, 1.5, 'a')")
    # The source changes no type of a column that a publication lists.
    run("alter publication etl_test set table items")
    run("alter table items alter small type bigint, alter amount type int, alter text type varchar(10)")
    run("insert into items (id, small, amount, text) values (2, 2, 2, 'b'), (3, 3000000000, 3, 'c')")
    run("alter table items alter small type text")
    run("insert into items (id, small, big) values (4, 'four', 4), (5, null, 5)")
    (batch,) = source.batches()
    rows = [row for part in batch.changes for row in part.records.to_pylist()]
    assert [(row["id"], row["small"], row["amount"], row["text"]) for row in rows] == [
        (1, 1, Decimal("1.50"), "a"),
        (2, 2, Decimal("2.00"), "b"),
        (4, None, None, None),
        (5, None, None, None),
    ]
    assert [(letter.key, letter.column) for letter in batch.dead] == [(3, "small")]


def test_values_of_another_type_than_the_declared_one_land_beside_the_column(source: Source) -> None:
    source.connection.execute("alter publication etl_test set table items")
    source.connection.execute("alter table items alter small type text, alter text type timestamptz using null")
    source.connection.execute("alter table items alter amount type uuid using null")
    source.connection.execute("insert into items values (1, 1, 'four', null, true, null, null, '2026-01-01')")
    (batch,) = source.batches()
    ((row,),) = [part.records.to_pylist() for part in batch.changes]
    assert (row["small"], row["small__text"]) == (None, "four")
    assert (row["text"], row["text__timestamp"]) == (None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert row["_unchanged"] == sum(1 << VALUES.names.index(name) for name in ("small", "text"))
    assert "amount__uuid" not in row
    (copy,) = copied(source.url, VALUES)[0]
    told = [name for name in row if name == "_unchanged" or not name.startswith("_")]
    assert [copy[name] for name in told] == [row[name] for name in told]
    source.connection.execute("insert into items (id, amount) values (2, gen_random_uuid())")
    (letter,) = source.dead()
    assert (letter.key, letter.column) == (2, "amount")


def test_a_large_transaction_comes_in_parts_of_which_only_the_last_reaches_its_commit(source: Source) -> None:
    source.connection.execute("insert into texts select n, 'x' from generate_series(1, 10000) n")
    before = source.position
    batches = source.batches(limit=3000)
    assert sum(part.records.num_rows for batch in batches for part in batch.changes) == 10_000
    assert all(part.records.num_rows >= 3000 for batch in batches[:-1] for part in batch.changes)
    assert [batches[0].is_partial, batches[-1].is_partial] == [True, False]
    rows = rows_of(part for batch in batches for part in batch.changes)
    assert [row["_seq"] for row in rows] == list(range(10_000))
    commit = rows[0]["_commit_lsn"]
    assert [batch.through < commit for batch in batches] == [batch.is_partial for batch in batches]
    assert batches[0].through >= before


@pytest.mark.parametrize("identity", ["full", "nothing", "using index items_big"])
def test_a_table_whose_key_is_not_its_identity_is_not_published(source: Source, identity: str) -> None:
    source.connection.execute("alter table items alter big set not null; create unique index items_big on items (big)")
    source.connection.execute(f"alter table items replica identity {identity}")
    with pytest.raises(NotPublishable, match=f"items has replica identity {identity[:5]}"):
        publish(source.connection, "another", [TEXTS, VALUES])
    assert source.connection.execute("select from pg_publication where pubname = 'another'").fetchone() is None


def test_a_slot_is_gone_on_with_only_where_nothing_was_lost(source: Source) -> None:
    source.connection.execute("insert into texts values (1)")
    begin = source.position
    source.changes()
    # What the stream told last, the server notes a moment later.
    wait_until("it is noted", lambda: state_of(source).confirmed > begin + 1)
    state = state_of(source)
    require_resumable(state, source.position)
    with pytest.raises(ChangesLost, match="ahead of the warehouse"):
        require_resumable(state, begin)
    with pytest.raises(ChangesLost, match="ahead of the source"):
        require_resumable(state, source.position + 2**40)
    with pytest.raises(ChangesLost, match="gone"):
        require_resumable(slot_state(source.connection, "no_such_slot"), source.position)


def test_a_copy_and_the_stream_meet_exactly(source: Source) -> None:
    run = source.connection.execute
    run("insert into texts values (1, 'copied')")
    with NewSlot(source.url, f"{source.slot}_b") as made, psycopg.connect(source.url, autocommit=True) as reader:
        run("insert into texts values (2, 'streamed')")
        made.adopt(reader)
        parts = [part for part, _ in copy_table(reader, TEXTS, made.position) if part]
    assert [(row["_op"], row["id"], row["_commit_lsn"]) for row in rows_of(parts)] == [(5, 1, made.position)]
    drop_slot(source.connection, source.slot)
    source.slot, source.position = f"{source.slot}_b", made.position
    rows = source.changes()
    assert [(row["_op"], row["id"]) for row in rows] == [(1, 2)]
    assert rows[0]["_commit_lsn"] > made.position


def test_what_was_not_acknowledged_comes_again_the_same(source: Source) -> None:
    source.connection.execute("insert into texts values (1, 'a')")
    source.connection.execute("insert into texts values (2, 'b')")
    decoded = []
    for _ in range(2):
        decoder = Decoder(source.shapes, source.position)
        with ReplicationStream(source.url, source.slot, PUBLICATION, source.position) as stream:
            while decoder.rows < 2 or decoder.is_in_transaction:
                message = stream.next(10)
                assert message is not None
                decoder.feed(message)
        decoded.append(rows_of(decoder.take().changes))
        wait_until("the slot is let go", lambda: not state_of(source).is_active)
    assert decoded[0] == decoded[1]
    # Where a source sends again what was loaded, it is passed over.
    later = Decoder(source.shapes, decoded[0][0]["_commit_lsn"])
    with ReplicationStream(source.url, source.slot, PUBLICATION, source.position) as stream:
        while later.rows < 1 or later.is_in_transaction:
            block = stream.next(10)
            assert block is not None
            later.feed(block)
    assert [row["_key"] for row in rows_of(later.take().changes)] == [2]


def test_all_entities_that_land_are_published_without_policy_columns(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        assert publish(connection, "landing", SHAPES.values())
        assert not publish(connection, "landing", SHAPES.values())
        rows = connection.execute("select tablename, attnames from pg_publication_tables").fetchall()
    found: dict[str, list[str]] = dict(rows)
    assert set(found) == {*SHAPES, "gateway_command"}
    assert "asked_at" not in found["gateway_command"]
    assert not [name for columns in found.values() for name in columns if name.startswith("policy_")]


def test_each_unfit_value_of_a_batch_has_its_own_reason(source: Source) -> None:
    source.connection.execute("""
        insert into items (id, document) values
        (1, ('"' || repeat('x', 9000000) || '"')::jsonb), (2, '[1e400]'), (3, '[1, "1e400"]'),
        (4, (repeat('[', 501) || repeat(']', 501))::jsonb), (5, (repeat('[', 500) || repeat(']', 500))::jsonb)
    """)
    rows, dead = copied(source.url, VALUES)
    assert [row["id"] for row in rows] == [3, 5]
    assert [(letter.key, letter.reason) for letter in dead] == [(1, TOO_LONG), (2, NOT_READABLE), (4, NOT_READABLE)]
    assert sorted((letter.key, letter.reason) for letter in source.dead()) == [
        (letter.key, letter.reason) for letter in dead
    ]
