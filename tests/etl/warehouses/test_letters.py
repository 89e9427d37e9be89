"""Dead letters: there with the checkpoint and once, never built upon, and put in their place when they can be read."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from etl.changes import ARROW, Batch, DeadLetter, Erase, Operation, TableShape
from etl.dead_letters import Retried, retry
from etl.warehouses.duckdb.letters import NEEDS_EARLIER, NOT_KEPT
from tests.etl.warehouses.things import (
    AT,
    DELETE,
    INSERT,
    SHAPE,
    TRUNCATE,
    UNSENT_B,
    UPDATE,
    batch,
    changes,
    content,
    copy,
    warehouse,
)


def letter(lsn: int, key: int, operation: Operation = Operation.UPDATE, **more: Any) -> DeadLetter:
    return DeadLetter("things", lsn, 0, key, "a", "out of range", b"?", operation, **more)


def test_dead_letters_come_with_the_checkpoint_and_once() -> None:
    made = warehouse()
    sent = letter(7, 1, form="pgoutput", columns=(("id", 20), ("a", 1700)))
    for _ in range(2):
        made.append(Batch(7, dead=(sent,)))
    assert made.letters() == [sent] == made.letters("things")
    assert made.letters("others") == []
    assert dict(made.degraded()) == {"things": ["a: out of range (1 dead letters)"]}


def test_a_typed_change_that_does_not_fit_the_type_of_today_stops_no_other() -> None:
    earlier = replace(SHAPE, columns=(SHAPE.columns[0], replace(SHAPE.columns[1], type=pa.string()), SHAPE.columns[2]))
    made = warehouse()
    typed = [_typed(earlier, key, said) for key, said in ((1, "many"), (2, "12"))]
    made.append(Batch(9, dead=typed))
    assert retry(made, [SHAPE]) == Retried(redeemed=1, left=1)
    assert content(made) == {2: (12, "x")}


def _typed(shape: TableShape, key: int, said: str) -> DeadLetter:
    row = {"_op": INSERT, "_commit_lsn": 8, "_seq": key, "_committed_at": AT, "_key": key, "_unchanged": 0}
    record = pa.RecordBatch.from_pylist([{**row, "id": key, "a": said, "b": "x"}], shape.records)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, record.schema) as stream:
        stream.write_batch(record)
    return replace(letter(8, key, form=ARROW), seq=key, raw=sink.getvalue().to_pybytes())


def test_a_letter_of_a_transaction_sent_again_is_there_once() -> None:
    made = warehouse()
    for _ in range(2):
        made.append(Batch(6, dead=(letter(7, 1),), is_partial=True))
    assert len(made.letters()) == 1


def test_a_change_is_never_completed_with_values_from_before_a_dead_letter() -> None:
    made = warehouse()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "old"), (1, 1, INSERT, 2, None, 0, 1, "other")], 1))
    made.append(batch([], 2, [letter(2, 1)]))
    made.append(batch([(3, 0, UPDATE, 1, None, UNSENT_B, 3, None), (3, 1, UPDATE, 2, None, UNSENT_B, 3, None)], 3))
    assert content(made) == {1: (1, "old"), 2: (3, "other")}
    assert [(one.commit_lsn, one.reason) for one in made.letters()] == [(2, "out of range"), (3, NEEDS_EARLIER)]
    made.append(batch([(4, 0, UPDATE, 1, None, 0, 4, "whole"), (4, 1, UPDATE, 1, None, UNSENT_B, 5, None)], 4))
    assert content(made)[1] == (5, "whole")


def test_letters_and_changes_of_one_batch_are_taken_in_their_order() -> None:
    made = warehouse()
    rows = [(1, 0, INSERT, 1, None, 0, 1, "first"), (2, 0, UPDATE, 1, None, UNSENT_B, 2, None)]
    made.append(batch([*rows, (4, 0, UPDATE, 1, None, UNSENT_B, 4, None)], 4, [letter(3, 1)]))
    assert content(made) == {1: (2, "first")}
    assert [one.commit_lsn for one in made.letters()] == [3, 4]


def test_what_a_letter_poisoned_is_known_after_opening_again(tmp_path: object) -> None:
    path = f"{tmp_path}/w.duckdb"
    made = warehouse(path)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "old")], 1))
    made.append(batch([], 2, [letter(2, 1)]))
    made.close()
    again = warehouse(path)
    again.append(batch([(3, 0, UPDATE, 1, None, UNSENT_B, 3, None)], 3))
    assert content(again) == {1: (1, "old")}
    assert len(again.letters()) == 2
    again.close()


def test_a_letter_that_can_be_read_takes_its_place_and_those_after_it_follow() -> None:
    made = warehouse()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "old")], 1))
    made.append(batch([(3, 0, UPDATE, 1, None, UNSENT_B, 3, None)], 3, [letter(2, 1)]))
    first, second = made.letters()
    assert not made.redeem(first, None)
    waiting = changes([(3, 0, UPDATE, 1, None, UNSENT_B, 3, None)])
    assert not made.redeem(second, waiting)
    assert made.redeem(first, changes([(2, 0, UPDATE, 1, None, 0, 2, "new")]))
    assert content(made) == {1: (2, "new")}
    assert made.redeem(second, waiting)
    assert (content(made), made.letters(), dict(made.degraded())) == ({1: (3, "new")}, [], {})


def test_a_letter_that_is_older_than_what_is_there_changes_nothing() -> None:
    made = warehouse()
    made.append(batch([], 2, [letter(2, 1), replace(letter(2, 2), seq=1)]))
    made.append(batch([(3, 0, UPDATE, 1, None, 0, 3, "newer"), (3, 1, DELETE, 2, None, 0, None, None)], 3))
    made.compact("things")
    first, second = made.letters()
    assert made.redeem(first, changes([(2, 0, UPDATE, first.key, None, 0, 2, "late")]))
    # Not even one that still can't be read.
    assert made.redeem(second, None)
    assert (content(made), made.letters()) == ({1: (3, "newer")}, [])


def test_a_row_that_went_on_under_another_key_is_completed_from_before() -> None:
    made = warehouse()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "long")], 1))
    made.append(batch([(2, 0, DELETE, 1, None, 0, None, None)], 2, [letter(2, 7, Operation.INSERT, old_key=1)]))
    assert content(made) == {}
    (one,) = made.letters()
    assert made.redeem(one, changes([(2, 1, INSERT, 7, 1, UNSENT_B, 2, None)]))
    assert content(made) == {7: (2, "long")}


def test_a_copy_of_the_table_answers_earlier_letters() -> None:
    made = warehouse()
    made.append(batch([], 2, [letter(2, 1)]))
    made.append(copy({1: (5, "copied")}, 4, 4))
    made.append(batch([(5, 0, UPDATE, 1, None, UNSENT_B, 6, None)], 5))
    assert (content(made), made.letters(), dict(made.degraded())) == ({1: (6, "copied")}, [], {})


def test_a_letter_older_than_what_is_kept_takes_the_place_of_no_newer_change() -> None:
    """What it would be compared with is kept, however old, until the letter is read."""
    made = warehouse()
    for key in (1, 2):
        made.append(batch([(2 * key, 0, INSERT, key, None, 0, 1, "first")], 2 * key, [letter(2 * key, key)]))
        made.append(batch([(2 * key + 1, 0, UPDATE, key, None, 0, 2, "newer")], 2 * key + 1))
    made.compact("things")
    made.prune(dt.timedelta(0))
    assert made.redeem(letter(2, 1), changes([(2, 0, UPDATE, 1, None, 0, 7, "older")]))
    assert content(made)[1] == (2, "newer")
    assert made.prune(dt.timedelta(0)) > 0


def test_a_letter_that_is_too_long_for_the_memory_is_kept_without_what_came(tmp_path: Path) -> None:
    made = warehouse(tmp_path / "w.duckdb")
    made.append(batch([], 2, [replace(letter(2, 1), raw=bytes(200 * 2**20), form=ARROW)]))
    (kept,) = made.letters()
    assert (kept.key, kept.raw, kept.reason) == (1, b"", f"out of range; {NOT_KEPT}")
    assert dict(made.degraded()) == {"things": [f"a: out of range; {NOT_KEPT} (1 dead letters)"]}
    assert retry(made, [SHAPE]) == Retried(redeemed=0, left=1)
    made.append(batch([(3, 0, UPDATE, 1, None, 0, 3, "newer")], 3))
    assert retry(made, [SHAPE]) == Retried(redeemed=1, left=0)
    made.close()


@pytest.mark.parametrize("answer", ["a copy", "an erasure"])
def test_a_letter_that_was_answered_while_it_was_read_again_changes_nothing(answer: str) -> None:
    made = warehouse()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "kept")], 1))
    made.append(batch([], 2, [letter(2, 2, Operation.INSERT)]))
    (one,) = made.letters()
    made.append(copy({1: (1, "kept")}, 4, 4) if answer == "a copy" else batch([], 4, control=[Erase("things", 2, 4)]))
    made.compact("things")
    assert made.letters() == []
    assert made.redeem(one, changes([(2, 0, INSERT, 2, None, 0, 7, "gone")]))
    assert content(made) == {1: (1, "kept")}


def test_a_letter_does_not_come_back_after_a_truncate_however_old() -> None:
    made = warehouse()
    made.append(batch([], 2, [letter(2, 1)]))
    made.append(batch([(3, 0, TRUNCATE, None, None, 0, None, None)], 3))
    made.compact("things")
    made.prune(dt.timedelta(0))
    assert made.redeem(letter(2, 1), changes([(2, 0, UPDATE, 1, None, 0, 7, "older")]))
    assert content(made) == {}
