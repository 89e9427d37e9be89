"""Debezium's messages on a mock cluster of Kafka: each change once, in order, whatever its encoding."""

import base64
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeVar

import pyarrow as pa
import pytest

from etl.changes import Batch, Control, Erase, Heartbeat, Operation
from etl.dead_letters import READERS
from etl.sources.commands import COMMANDS
from etl.sources.debezium.collecting import Collecting, Read, read_again
from etl.sources.debezium.envelope import Event, NoEnvelope, Note, Place, read_envelope
from etl.sources.debezium.offsets import OFFSETS, reached
from etl.sources.debezium.source import Consuming, Debezium, Topics
from etl.sources.debezium.values import Encoding
from etl.sources.faults import ChangesLost, SourceGone
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.sources.connector import Connector, Kafka
from tests.etl.sources.recording import Row, shape_of
from tests.servers import wait_until

THINGS = shape_of("things", id=pa.int64(), text=pa.string(), amount=pa.decimal128(14, 2))
OTHERS = shape_of("others", id=pa.int64(), text=pa.string())
AT = dt.datetime(2026, 5, 5, tzinfo=dt.UTC)
PREFIX = "cienty.public"
Said = TypeVar("Said", bound=Control)


class Pair:
    """A cluster and a warehouse, with the feed between them."""

    def __init__(self) -> None:
        self.kafka = Kafka()
        self.connector = Connector(self.kafka, PREFIX)
        self.kafka.make(f"{PREFIX}.things", f"{PREFIX}.others")
        self.source = Debezium(Topics(self.kafka.servers, PREFIX, "warehouse"), [THINGS, OTHERS])
        self.warehouse = DuckDBWarehouse(":memory:")
        self.warehouse.prepare(self.source.shapes)
        self.feed: Consuming = self.source.open(self.warehouse)

    def write(self, commit: int, seq: int, operation: Operation, key: int, text: Any = None, **more: Any) -> None:
        self.connector.write(THINGS, row_of(key, text, commit, seq, _op=operation, **more))

    def deliver(self, least: int = 1) -> list[Batch]:
        """Append what comes until there are so many rows and letters."""
        batches: list[Batch] = []
        wait_until(f"{least} changes came", lambda: self._append_to(batches) >= least)
        return batches

    def deliver_all(self) -> list[Batch]:
        """Append what comes until every partition was read to its end."""
        batches: list[Batch] = []

        def is_read_after_more() -> bool:
            self._append_to(batches)
            return self.is_read()

        wait_until("every message was read", is_read_after_more)
        return batches

    def is_read(self) -> bool:
        """Tell whether the warehouse has every message: that nothing comes for a while does not."""
        found = reached(self.warehouse.batches(OFFSETS.table, OFFSETS.names))
        return {partition: one.offset for partition, one in found.items()} == self.kafka.ends

    def _append_to(self, batches: list[Batch]) -> int:
        """Append what comes, and return how many rows and letters all the batches have."""
        if (batch := self.feed.next(0.2)) is not None:
            self.warehouse.append(batch)
            self.feed.acknowledge(batch.through)
            batches.append(batch)
        return sum(count_of(one) for one in batches)

    def begin_again(self) -> None:
        self.feed.close()
        self.feed = self.source.open(self.warehouse)

    def things(self) -> dict[int, tuple[Any, ...]]:
        return {row["id"]: (row["text"], row["amount"]) for row in self.warehouse.read("things").to_pylist()}

    def close(self) -> None:
        self.feed.close()
        self.warehouse.close()


def count_of(batch: Batch) -> int:
    """Return how many rows and letters a batch has, those of the offsets apart."""
    rows: int = sum(part.records.num_rows for part in batch.changes if part.table != OFFSETS.table)
    return rows + len(batch.dead)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_rows_are_made_changed_and_deleted(pair: Pair) -> None:
    pair.write(10, 0, Operation.SNAPSHOT, 1, "a")
    pair.write(20, 0, Operation.INSERT, 2, "b")
    pair.write(20, 1, Operation.INSERT, 3, "c")
    pair.write(30, 0, Operation.UPDATE, 2, "B", amount=Decimal("-0.05"))
    pair.write(40, 0, Operation.DELETE, 3)
    pair.deliver(5)
    assert pair.things() == {1: ("a", Decimal("1.50")), 2: ("B", Decimal("-0.05"))}


def test_envelopes_without_schemas_say_the_same(pair: Pair) -> None:
    pair.connector.has_schemas = False
    pair.write(10, 0, Operation.INSERT, 1, "a", amount=Decimal("123456789012.34"))
    pair.deliver()
    assert pair.things() == {1: ("a", Decimal("123456789012.34"))}


def test_a_long_value_that_was_not_sent_is_kept(pair: Pair) -> None:
    pair.write(10, 0, Operation.INSERT, 1, "long")
    pair.deliver()
    pair.write(20, 0, Operation.UPDATE, 1, None, amount=Decimal(2), _unchanged=2)
    pair.deliver()
    assert pair.things() == {1: ("long", Decimal("2.00"))}


@pytest.mark.parametrize("is_apart", [False, True])
def test_a_row_under_another_key_keeps_its_long_value(pair: Pair, *, is_apart: bool) -> None:
    """Also where the message of its deletion comes in another batch, before it."""
    made_long = pair.connector.envelope(THINGS, row_of(1, "long"), Operation.INSERT)
    pair.kafka.write(f"{PREFIX}.things", b"{}", made_long, partition=0)
    pair.deliver()
    gone, made = row_of(1, None, 20, 0), row_of(7, None, 20, 1, _unchanged=2)
    old = [("__debezium.oldkey", json.dumps({"id": 1}).encode())]
    for row, operation, headers in ((gone, Operation.DELETE, []), (made, Operation.INSERT, old)):
        value = pair.connector.envelope(THINGS, row, operation)
        pair.kafka.write(f"{PREFIX}.things", {"id": row["_key"]}, value, partition=0, headers=headers)
        if is_apart:
            pair.deliver_all()
    pair.deliver_all()
    assert pair.things() == {7: ("long", Decimal("1.50"))}


def row_of(key: int, text: str | None, commit: int = 10, seq: int = 0, **more: Any) -> Row:
    return meta_of(Operation.INSERT, commit, key, seq) | {"text": text, "amount": Decimal("1.50")} | more


def meta_of(operation: Operation, commit: int, key: int, seq: int = 0) -> Row:
    """Return what every row has: its place, its key, and what happened to it."""
    place = {"_commit_lsn": commit, "_seq": seq, "_committed_at": AT}
    return {"_op": operation, **place, "_key": key, "_old_key": None, "_unchanged": 0, "id": key}


def test_what_was_loaded_is_not_loaded_again_after_an_end_at_any_moment(pair: Pair) -> None:
    for number in range(1, 31):
        pair.write(number * 10, 0, Operation.INSERT, number, f"n{number}")
        if number % 4 == 0:
            pair.deliver()
        if number % 6 == 0:
            # Read and not appended: it has to come again.
            pair.feed.next(0.05)
            pair.begin_again()
    while not pair.is_read():
        pair.feed.next(0.05)
        pair.begin_again()
        pair.deliver()
    assert len(pair.things()) == 30
    doubled = "select _key from raw.things__log group by _key having count(*) > 1"
    assert pair.warehouse.connection.execute(doubled).fetchall() == []


def test_what_the_connector_writes_again_changes_nothing(pair: Pair) -> None:
    for number, text in ((10, "a"), (20, "b"), (30, "c")):
        pair.write(number, 0, Operation.UPDATE, 1, text)
    pair.deliver(3)
    # The connector was killed and goes on where it had noted its place.
    pair.connector._commit, pair.connector._before = 10, 0
    for number, text in ((20, "b"), (30, "c"), (40, "d")):
        pair.write(number, 0, Operation.UPDATE, 1, text)
    batches = pair.deliver(2)
    parts = [part for batch in batches for part in batch.changes if part.table == "things"]
    texts = [row["text"] for part in parts for row in part.records.to_pylist()]
    # What is at the last place may be another row of the same COPY, and is taken again.
    assert texts == ["c", "d"]
    assert pair.things()[1][0] == "d"


@pytest.mark.parametrize("after", [dt.timedelta(0), dt.timedelta(hours=1)])
def test_changes_of_another_cluster_whose_log_begins_lower_are_taken(pair: Pair, after: dt.timedelta) -> None:
    pair.write(5_000_000, 0, Operation.INSERT, 1, "a")
    pair.write(5_000_100, 0, Operation.UPDATE, 1, "b")
    pair.deliver(2)
    pair.begin_again()
    pair.connector._before = pair.connector._commit = 1000
    if not after:
        pair.write(1100, 0, Operation.SNAPSHOT, 1, "b")
    for commit, text in ((1200, "c"), (1300, "d")):
        # No row of the table may be in this partition when the snapshot is made: then their times tell.
        pair.write(commit, 0, Operation.UPDATE, 1, text, _committed_at=AT + after)
    pair.deliver_all()
    assert pair.things()[1][0] == "d"


def test_partitions_that_lag_lose_nothing(pair: Pair) -> None:
    def write(partition: int, commit: int, key: int, text: str) -> None:
        value = pair.connector.envelope(THINGS, row_of(key, text, commit), Operation.UPDATE)
        value["payload"]["source"] |= {"sequence": json.dumps([str(commit), str(commit + 1)]), "lsn": commit + 1}
        pair.kafka.write(f"{PREFIX}.things", {"id": key}, value, partition=partition)

    write(0, 500, 1, "ahead")
    pair.deliver()
    assert pair.warehouse.position() == 500
    write(1, 100, 2, "first")
    pair.deliver()
    write(1, 200, 2, "second")
    write(0, 600, 1, "further")
    pair.deliver(2)
    write(1, 300, 2, "third")
    pair.deliver()
    assert pair.is_read()
    assert {key: text for key, (text, _) in pair.things().items()} == {1: "further", 2: "third"}
    pair.begin_again()
    assert pair.feed.next(0.3) is None


def test_bad_messages_are_dead_letters_and_stop_nobody(pair: Pair) -> None:
    topic = f"{PREFIX}.things"
    good = pair.connector.envelope(THINGS, row_of(9, "good"), Operation.INSERT)
    bad: list[tuple[Any, Any]] = [
        ({"id": 1}, b"\xff not json"), ({"id": 1}, [1]), ({"id": 1}, {"payload": 5}),
        ({"id": 1}, {"id": 1, "text": "x"}),
        (None, {**good["payload"], "after": {"text": "x"}}), ({"id": "1"}, {**good["payload"], "after": {}}),
        ({"id": 1}, {**good["payload"], "op": "?"}), ({"id": 1}, {**good["payload"], "after": "x"}),
        ({"id": 1}, {**good["payload"], "source": {"lsn": "x"}}), (b"{", good["payload"]),
        ({"id": 1}, {**good["payload"], "source": {"lsn": 5, "sequence": "["}}),
        ({"id": 2}, {**good["payload"], "after": {"id": 2, "text": 5, "amount": "AQ=="}}),
        ({"id": 3}, {**good["payload"], "after": {"id": 3, "text": "x", "amount": "?"}}),
    ]  # fmt: skip # a table
    for key, value in bad:
        pair.kafka.write(topic, key, value, partition=0)
    pair.kafka.write(topic, {"id": 9}, good, partition=0)
    batches = pair.deliver(len(bad) + 1)
    letters = [letter for batch in batches for letter in batch.dead]
    assert len(letters) == len(bad)
    assert [(one.key, one.column) for one in letters if one.column] == [(2, "text"), (3, "amount")]
    assert all("x" not in one.reason.split() for one in letters)
    assert pair.things() == {9: ("good", Decimal("1.50"))}
    assert len(pair.warehouse.letters()) == len(bad)


def test_messages_that_kafka_threw_away_are_told_and_not_passed_over(pair: Pair) -> None:
    pair.write(10, 0, Operation.INSERT, 1, "a")
    pair.deliver()
    pair.warehouse.connection.execute("update raw.debezium_offsets__log set next_offset = next_offset + 1000")
    pair.begin_again()
    with pytest.raises(ChangesLost, match="no longer has messages"):
        read_on(pair.feed)


def read_on(feed: Consuming) -> None:
    for _ in range(50):
        feed.next(0.2)


def test_a_cluster_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.sources.debezium.source._METADATA_SECONDS", 0.5)
    made = DuckDBWarehouse(":memory:")
    source = Debezium(Topics("127.0.0.1:1", PREFIX, "warehouse"), [THINGS])
    made.prepare(source.shapes)
    with pytest.raises(SourceGone, match="Kafka"):
        source.open(made)
    made.close()


def test_places_are_ordered_and_known_again() -> None:
    assert Place(1, 9) < Place(2, 5) < Place(2, 6)
    assert Place(1, 9).was_before(Place(2, 5))
    # Rows of one COPY share an LSN, and numbers tell them apart.
    assert not Place(2, 5).was_before(Place(2, 5))
    assert Place(2, 5, 1).was_before(Place(2, 5, 1))
    assert not Place(2, 5, 2).was_before(Place(2, 5, 1))
    assert not Place(2, 5).was_before(None)


def test_the_number_within_a_transaction_and_messages_are_read() -> None:
    source = {"lsn": 7, "sequence": '[null,"7"]', "ts_us": 5}
    said = {"op": "c", "after": {"id": 1}, "source": source, "transaction": {"id": "1:2", "total_order": 3}}
    event = read_envelope(json.dumps(said).encode(), None, (), "id")
    assert isinstance(event, Event)
    assert (event.place, event.committed_at, event.key) == (Place(0, 7, 3), 5, 1)
    note = read_envelope(json.dumps(message("cienty.heartbeat", b"{}")).encode(), None, (), "id")
    assert isinstance(note, Note)
    assert note.decoded() == b"{}"
    with pytest.raises(NoEnvelope, match="no source"):
        read_envelope(b"{}", None, (), "id")


def message(prefix: str, content: bytes) -> dict[str, Any]:
    """A message of the source's log, as Debezium passes it on."""
    said = {"prefix": prefix, "content": base64.b64encode(content).decode()}
    return {"op": "m", "source": {"lsn": 7, "sequence": '[null,"7"]', "ts_us": 5}, "message": said}


def test_commands_come_from_their_table_and_not_from_messages(pair: Pair) -> None:
    pair.write(10, 0, Operation.INSERT, 1, "secret")
    pair.write(10, 1, Operation.INSERT, 2, "secret")
    pair.kafka.write(f"{PREFIX}.things", None, message("cienty.erase", b'{"table": "things", "key": 2}'))
    pair.kafka.write(f"{PREFIX}.things", None, message("cienty.heartbeat", b'{"at": "2026-01-01T00:00:00+00:00"}'))
    batches = pair.deliver(2)
    pair.connector.write(COMMANDS, command_of(1, 20, Operation.INSERT))
    pair.feed.look()
    pair.write(30, 0, Operation.INSERT, 3, "secret")
    batches += pair.deliver_all()
    (erase,) = said(batches, Erase)
    assert (erase.table, erase.key) == ("things", 1)
    assert len(said(batches, Heartbeat)) == 1
    assert [part.table for batch in batches for part in batch.changes if part.table == COMMANDS.table] == []


def command_of(number: int, commit: int, operation: Operation) -> Row:
    said = {"command": "erase", "about": "things", "key": number, "low": None, "high": None, "request": None}
    return meta_of(operation, commit, number) | said


def test_a_snapshot_tells_only_those_commands_that_were_not_heard(pair: Pair) -> None:
    pair.kafka.make(f"{PREFIX}.gateway_command")
    pair.feed.look()

    def heard(numbers: list[int], commit: int, operation: Operation) -> list[int]:
        for number in numbers:
            pair.connector.write(COMMANDS, command_of(number, commit, operation))
        pair.write(commit + 1, 0, Operation.INSERT, commit, "mark")
        batches = pair.deliver_all()
        pair.begin_again()
        return sorted(one.key for one in said(batches, Erase))

    # Rows of one snapshot come in any order.
    assert heard([3, 1, 2], 100, Operation.SNAPSHOT) == [1, 2, 3]
    # Numbers are given before their commits.
    assert heard([5], 200, Operation.INSERT) == [5]
    assert heard([4], 300, Operation.INSERT) == [4]
    assert heard([1, 2, 3, 4, 5, 6], 400, Operation.SNAPSHOT) == [6]
    assert heard([1, 2, 3, 4, 5, 6], 500, Operation.SNAPSHOT) == []
    assert heard([2], 600, Operation.UPDATE) == [2]


def said(batches: list[Batch], kind: type[Said]) -> list[Said]:
    return [control for batch in batches for control in batch.control if isinstance(control, kind)]


def test_a_command_that_can_not_be_read_is_none(pair: Pair) -> None:
    pair.kafka.write(f"{PREFIX}.gateway_command", {"id": 1}, b"nonsense")
    pair.feed.look()
    pair.write(10, 0, Operation.INSERT, 1, "a")
    batches = pair.deliver_all()
    assert [(batch.control, batch.dead) for batch in batches if batch.control or batch.dead] == []


def test_a_dead_letter_is_read_again_in_the_shape_of_today(pair: Pair) -> None:
    value = pair.connector.envelope(THINGS, row_of(3, "x"), Operation.INSERT)
    value["payload"]["after"]["amount"] = {"scale": 3, "value": base64.b64encode((1555).to_bytes(2, "big")).decode()}
    pair.kafka.write(f"{PREFIX}.things", {"id": 3}, value)
    ((letter,),) = [batch.dead for batch in pair.deliver()]
    assert (letter.column, letter.key) == ("amount", 3)
    assert read_again(letter, THINGS) is None
    wider = shape_of("things", id=pa.int64(), text=pa.string(), amount=pa.decimal128(14, 3))
    changes = READERS[letter.form](letter, wider)
    assert changes is not None
    (row,) = changes.records.to_pylist()
    assert (row["_key"], row["amount"], row["_seq"]) == (3, Decimal("1.555"), letter.seq)


def test_a_truncate_is_taken_from_one_partition_only() -> None:
    event = Event(Operation.TRUNCATE, None, None, {}, {}, 0, Place(5, 6))
    for partitions, rows, letters in ((1, 1, 0), (4, 0, 1)):
        collecting = Collecting(0, Encoding())
        collecting.add(Read(THINGS, event, b"", partitions))
        batch = collecting.batch()
        found = [part.records.num_rows for part in batch.changes if part.table == "things"]
        assert (sum(found), len(batch.dead)) == (rows, letters)
