"""Values that PostgreSQL holds and the declared type can't: each a dead letter, and everything else goes on."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from etl.dead_letters import Retried, retry
from tests.etl.matrix.pair import LONG, Pair
from tests.etl.sources.recording import shape_of

TABLES = """
create table things (
    id bigint primary key, n bigint, amount numeric, at timestamptz, day date, note text, document jsonb, loose json,
    kind uuid
);
create table others (id bigint primary key, n bigint);
alter table things alter note set storage external;
"""
SHAPE = shape_of(
    "things",
    id=pa.int64(),
    n=pa.int32(),
    amount=pa.decimal128(14, 2),
    at=pa.timestamp("us", "UTC"),
    day=pa.date32(),
    note=pa.string(),
    document=pa.string(),
    loose=pa.string(),
    kind=pa.string(),
)
OTHERS = shape_of("others", id=pa.int64(), n=pa.int64())

POISONS = [
    ("amount", "'NaN'", "range"),
    ("amount", "'Infinity'", "range"),
    ("amount", "'-Infinity'", "range"),
    ("amount", "10::numeric ^ 100", "range"),
    ("amount", "1000000000000", "range"),
    ("amount", "-1000000000000.01", "range"),
    ("amount", "0.001", "range"),
    ("amount", "1e-1000", "range"),
    ("at", "'infinity'", "range"),
    ("at", "'-infinity'", "range"),
    ("at", "'0044-03-15 BC'", "range"),
    ("at", "'10000-01-01'", "range"),
    ("at", "'294276-12-31 23:59:59.999999'", "range"),
    ("day", "'infinity'", "range"),
    ("day", "'-infinity'", "range"),
    ("day", "'0001-12-31 BC'", "range"),
    ("day", "'5874897-12-31'", "range"),
    ("n", "2147483648", "range"),
    ("n", "-9223372036854775808", "range"),
    ("note", "repeat('é', 5000000)", "longer than"),
    ("document", "(repeat('[', 600) || repeat(']', 600))::jsonb", "JSON"),
    ("document", "'{\"a\": [1e400]}'", "JSON"),
    ("document", "('\"' || repeat('x', 9000000) || '\"')::jsonb", "longer than"),
    ("loose", "'{\"a\": 1e999}'", "JSON"),
    ("kind", "gen_random_uuid()", "type"),
]


@pytest.fixture
def pair(empty_database: str, tmp_path: Path) -> Iterator[Pair]:
    made = Pair(empty_database, tmp_path, TABLES, (SHAPE, OTHERS))
    # One poisoned row comes with the copy, all the others with the stream.
    made.run("insert into things (id, amount) values (1, 'NaN'), (2, 2)", "insert into others values (1, 1)")
    made.start()
    yield made
    made.close()


def test_each_is_a_dead_letter_and_everything_else_flows(pair: Pair) -> None:
    keys = range(100, 100 + len(POISONS))
    for key, (column, value, _) in zip(keys, POISONS, strict=True):
        pair.run(f"insert into things (id, {column}) values ({key}, {value}), ({key + 1000}, null)")
    pair.run("insert into others values (2, 2)", "insert into things (id, note) values (50, 'after')")
    pair.in_step("others")
    assert pair.work is not None
    warehouse = pair.work.warehouse
    letters = {letter.key: letter for letter in warehouse.letters()}
    assert set(letters) == {1, *keys}
    for key, (column, _, reason) in zip(keys, POISONS, strict=True):
        assert (letters[key].column, letters[key].table) == (column, "things")
        assert reason in letters[key].reason
    there = {id_ for (id_,) in pair.query("select id from raw.things")}
    assert there == {2, 50, *(key + 1000 for key in keys)}
    assert set(warehouse.degraded()) == {"things"}
    assert not any("NaN" in reason for reason in warehouse.degraded()["things"])


def test_they_are_tried_again_when_the_shape_was_mended(pair: Pair) -> None:
    pair.run(f"insert into things (id, n, note) values (10, 5, {LONG % 1}), (11, 5, {LONG % 2}), (12, 1, {LONG % 3})")
    pair.run(
        f"update things set n = 5000000000, note = {LONG % 4} where id = 10", "update things set n = 6 where id = 10"
    )
    pair.run("update things set n = 5000000000 where id = 11", "update things set n = 7, amount = 'NaN' where id = 12")
    pair.run(f"update things set amount = 1, note = {LONG % 5} where id = 12", "delete from things where id = 1")
    assert pair.work is not None
    pair.work.caught_up()
    assert pair.query("select id, n from raw.things where id in (10, 11, 12) order by id") == [
        (10, 5),
        (11, 5),
        (12, 7),
    ]
    warehouse = pair.work.warehouse
    assert retry(warehouse, pair.shapes) == Retried(redeemed=2, left=3)
    assert retry(warehouse, pair.shapes) == Retried(redeemed=0, left=3)
    pair.stop()
    wide = shape_of("things", **{column.name: column.type for column in SHAPE.columns} | {"n": pa.int64()})
    warehouse = pair.start(wide, OTHERS).warehouse
    assert retry(warehouse, pair.shapes, "things") == Retried(redeemed=3, left=0)
    pair.in_step()
    assert (warehouse.letters(), dict(warehouse.degraded())) == ([], {})
    pair.run("update things set n = n + 1")
    pair.in_step()
