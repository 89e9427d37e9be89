"""The law of delivery, as the interface of warehouses says it, on every warehouse."""

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal

import pyarrow as pa
import pytest

from etl.changes import Batch, Changes, DeadLetter, Erase, Operation, SchemaChange, TableShape
from tests.etl.warehouses.opening import Opener
from tests.etl.warehouses.things import (
    AT,
    DELETE,
    INSERT,
    SHAPE,
    TRUNCATE,
    UNSENT_B,
    UPDATE,
    Model,
    Row,
    batch,
    change,
    column,
    content,
    copy,
)

KINDS = ("put", "put", "put", "touch", "touch", "move", "delete", "truncate")


def test_a_transaction_is_invisible_before_its_end(opener: Opener) -> None:
    made = opener()
    made.append(batch([(5, 1, INSERT, 1, None, 0, 1, "x")], 4))
    assert (content(made), made.position()) == ({}, 4)
    made.append(batch([(5, 2, UPDATE, 1, None, UNSENT_B, 2, None)], 5))
    assert (content(made), made.position()) == ({1: (2, "x")}, 5)


def test_what_is_sent_again_in_other_cuts_is_there_once(opener: Opener) -> None:
    made = opener()
    rows: list[Row] = [(lsn, lsn, INSERT, lsn, None, 0, lsn, f"v{lsn}") for lsn in range(1, 7)]
    for start, end in ((0, 2), (0, 4), (1, 3), (3, 6), (0, 6)):
        made.append(batch(rows[start:end], end))
        content(made)
    assert content(made) == {lsn: (lsn, f"v{lsn}") for lsn in range(1, 7)}
    assert [row["_commit_lsn"] for row in opener.rows("things__log") if row["_key"] == 6] == [6]
    assert made.position() == 6


def test_unsent_values_follow_a_row_through_changes_of_its_key(opener: Opener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "long"), (1, 1, INSERT, 8, None, 0, 8, "stays")], 1))
    made.compact("things")
    made.append(batch([(2, 0, UPDATE, 1, None, UNSENT_B, 2, None)], 2))
    moved: list[Row] = [(3, 0, DELETE, 1, None, 0, None, None), (3, 1, INSERT, 2, 1, UNSENT_B, 3, None)]
    made.append(batch(moved, 3))
    assert content(made) == {2: (3, "long"), 8: (8, "stays")}
    made.append(batch([(4, 0, DELETE, 2, None, 0, None, None), (4, 1, INSERT, 2, None, 0, 4, "another")], 4))
    assert content(made) == {2: (4, "another"), 8: (8, "stays")}


def test_a_truncate_takes_all_before_it_and_nothing_after(opener: Opener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x"), (1, 1, INSERT, 2, None, 0, 2, "y")], 1))
    made.compact("things")
    made.append(batch([(2, 0, TRUNCATE, None, None, 0, None, None), (2, 1, INSERT, 2, None, 0, 3, "z")], 2))
    assert content(made) == {2: (3, "z")}
    made.compact("things")
    assert content(made) == {2: (3, "z")}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_changes_in_any_cuts_are_the_table_and_compaction_changes_nothing(opener: Opener, seed: int) -> None:
    dice, made, rows = random.Random(seed), opener(), []
    model: Model = {}
    for lsn in range(1, 25):
        for seq in range(dice.randint(1, 3)):
            rows += change(model, dice.choice(KINDS), dice.randint(0, 5), dice.randint(0, 5), lsn, seq * 2)
        if dice.random() < 0.5:
            made.append(batch(rows, lsn))
            if dice.random() < 0.3:
                made.append(batch(rows, lsn))
            rows = []
            if dice.random() < 0.3:
                assert content(made) == model
                made.compact("things")
                assert content(made) == model
    made.append(batch(rows, 25))
    assert content(made) == model


def test_dead_letters_come_with_the_checkpoint_and_once(opener: Opener) -> None:
    made, letter = opener(), DeadLetter("things", 7, 0, 1, "a", "out of range", b"?", Operation.UPDATE)
    for _ in range(2):
        made.append(Batch(7, dead=(letter,)))
    assert (list(made.letters()), made.position()) == ([letter], 7)
    assert dict(made.degraded()) == {"things": ["a: out of range (1 dead letters)"]}
    good = batch([(7, 0, INSERT, 1, None, 0, 5, "mended")], 7).changes[0]
    assert made.redeem(letter, good)
    assert (content(made), list(made.letters())) == ({1: (5, "mended")}, [])


def test_a_copy_takes_the_place_of_the_table_in_one_step(opener: Opener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 9, None, 0, 9, "gone since"), (1, 1, INSERT, 1, None, 0, 0, "old")], 1))
    made.compact("things")
    made.append(copy({1: (1, "x"), 2: (2, "y"), 3: (3, "z")}, 8, 5))
    assert set(content(made)) == {1, 9}
    made.append(batch([(9, 0, UPDATE, 2, None, UNSENT_B, 7, None)], 9))
    assert content(made) == {1: (1, "x"), 2: (7, "y"), 3: (3, "z")}
    assert set(made.copied()) == {"things"}


def test_a_source_that_was_set_back_is_copied_anew(opener: Opener) -> None:
    made = opener()
    made.append(batch([(50, 0, INSERT, 1, None, 0, 1, "never was"), (50, 1, INSERT, 2, None, 0, 2, "kept")], 50))
    assert set(content(made)) == {1, 2}
    made.restart()
    assert made.position() is None
    assert set(content(made)) == {1, 2}
    made.append(copy({2: (2, "kept"), 3: (3, "new")}, 20, 20))
    made.append(batch([(21, 0, UPDATE, 2, None, UNSENT_B, 4, None)], 21))
    assert content(made) == {2: (4, "kept"), 3: (3, "new")}
    made.compact("things")
    assert content(made) == {2: (4, "kept"), 3: (3, "new")}


def test_an_erased_row_has_no_personal_data_left(opener: Opener) -> None:
    personal = TableShape("things", (*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))
    made = opener([personal])
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "a person"), (1, 1, INSERT, 2, None, 0, 2, "another one")], 1))
    content(made)
    made.compact("things")
    made.append(batch([(2, 0, UPDATE, 1, None, 0, 3, "a person")], 2))
    content(made)
    made.append(Batch(3, control=(Erase("things", 1, 3),)))
    assert content(made) == {1: (3, None), 2: (2, "another one")}
    assert "a person" not in opener.kept("things")


@pytest.mark.parametrize("opened_at", [1, 4])
def test_an_erasure_leaves_a_row_alone_that_took_a_former_key(opener: Opener, opened_at: int) -> None:
    personal = TableShape("things", (*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))
    made = opener([personal])
    steps: list[list[Row]] = [
        [(1, 0, INSERT, 7, None, 0, 1, "a person")],
        [(2, 0, DELETE, 7, None, 0, None, None), (2, 1, INSERT, 8, 7, 0, 1, "a person")],
        [(3, 0, INSERT, 7, None, 0, 2, "another one")],
        [(4, 0, UPDATE, 8, None, 0, 3, "a person")],
    ]
    for lsn, rows in enumerate(steps, 1):
        made.append(batch(rows, lsn))
        if lsn >= opened_at:
            # What reads BigQuery for the first time sends it all that is there.
            content(made)
            made.compact("things")
    made.append(Batch(5, control=(Erase("things", 8, 5),)))
    assert content(made) == {7: (2, "another one"), 8: (3, None)}
    assert "a person" not in opener.kept("things")
    assert {row["b"] for row in opener.rows("things__log") if row["_key"] == 7 and row["a"] == 2} == {"another one"}


def test_columns_flow_through_and_a_type_that_does_not_fit_begins_anew(opener: Opener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    assert content(made) == {1: (1, "x")}
    wider = TableShape("things", (*SHAPE.columns, column("c", pa.string())))
    made.append(Batch(2, control=(SchemaChange(wider),)))
    rows = [{"_op": INSERT, "_commit_lsn": 3, "_seq": 0, "_committed_at": AT, "_key": 2, "_unchanged": 0, "id": 2}]
    records = pa.RecordBatch.from_pylist([{**rows[0], "a": 2, "b": "y", "c": "new"}], wider.records)
    made.append(Batch(3, (Changes("things", records),)))
    assert [row["c"] for row in sorted(made.read("things").to_pylist(), key=lambda row: row["id"])] == [None, "new"]
    other = TableShape("things", (SHAPE.columns[0], column("a", pa.string()), SHAPE.columns[2]))
    made.append(Batch(4, control=(SchemaChange(other),)))
    assert {row["id"]: row["a"] for row in made.read("things").to_pylist()} == {1: None, 2: None}
    assert "its type changed" in str(dict(made.degraded()))


def test_what_was_taken_in_is_there_after_opening_again(opener: Opener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(made)
    made.append(batch([(2, 0, INSERT, 2, None, 0, 2, "not sent yet")], 2))
    made.append(batch([(4, 0, INSERT, 3, None, 0, 3, "not committed yet")], 3))
    opener.close()
    again = opener()
    assert again.position() == 3
    again.append(Batch(4))
    assert content(again) == {1: (1, "x"), 2: (2, "not sent yet")}


def test_every_kind_of_value_comes_back_as_it_was(opener: Opener) -> None:
    kinds = {
        "id": (pa.int64(), 1),
        "small": (pa.int32(), -(2**31)),
        "big": (pa.int64(), 2**63 - 1),
        "money": (pa.decimal128(14, 2), Decimal("-123456789012.34")),
        "flag": (pa.bool_(), False),
        "at": (pa.timestamp("us", "UTC"), dt.datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=dt.UTC)),
        "day": (pa.date32(), dt.date(1999, 12, 31)),
        "text": (pa.string(), 'é "quoted", \n\\ 💊'),
        "json": (pa.string(), '{"a": [1, null]}'),
    }
    shape = TableShape("things", tuple(column(name, kind) for name, (kind, _) in kinds.items()))
    made, value = opener([shape]), {name: value for name, (_, value) in kinds.items()}
    meta = {"_op": INSERT, "_commit_lsn": 1, "_committed_at": AT, "_unchanged": 0}
    rows = [{**meta, "_seq": 0, "_key": 1, **value}, {**meta, "_seq": 1, "_key": 2, "id": 2}]
    made.append(Batch(1, (Changes("things", pa.RecordBatch.from_pylist(rows, shape.records)),)))
    made.append(
        Batch(2, (Changes("things", pa.RecordBatch.from_pylist([{**rows[0], "_commit_lsn": 2}], shape.records)),))
    )
    found = made.read("things")
    assert found.schema == shape.own
    assert sorted(found.to_pylist(), key=lambda row: row["id"]) == [value, dict.fromkeys(kinds) | {"id": 2}]
