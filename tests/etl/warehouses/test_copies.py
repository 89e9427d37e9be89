"""Copies beside changes: whatever comes first, the newer wins, and what is gone stays gone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.changes import Batch, CopiedColumns, DeadLetter, Operation, copy_begins, copy_ends
from tests.etl.warehouses.things import (
    AT,
    DELETE,
    INSERT,
    SHAPE,
    SNAPSHOT,
    TRUNCATE,
    UNSENT_B,
    UPDATE,
    Model,
    Step,
    batch,
    change,
    changes,
    content,
    copy,
    history,
    steps,
    warehouse,
)


@settings(max_examples=40, deadline=None)
@given(steps(20), st.integers(0, 20), st.integers(0, 8))
def test_a_copy_and_the_changes_around_it_are_the_table(done: list[Step], taken: int, late: int) -> None:
    # Rows from before the log, which only the copy has. Commits are at even places, copies between them.
    model: Model = {key: (-1, f"old{key}") for key in range(4)}
    made, lsn, rows, sent = warehouse(), 10, [], None
    seen, shown = dict(model), dict(model)
    for index, ((what, key, other, is_commit), cut) in enumerate(done):
        rows += change(model, what, key, other, lsn, index * 2)
        if is_commit:
            shown, lsn = dict(model), lsn + 2
        if index == taken:
            seen, sent = dict(shown), lsn - 1
        if sent is not None and index == taken + late:
            made.append(copy(seen, sent, made.position() or 9))
        if cut:
            made.append(batch(rows, lsn - 1))
            rows = []
            if cut == 3:
                made.compact("things")
            if sent is not None and index >= taken + late:
                assert content(made) == shown
    made.append(batch(rows, lsn))
    if sent is None or taken + late >= len(done):
        made.append(copy(model, lsn + 1, lsn + 1) if sent is None else copy(seen, sent, lsn))
    assert content(made) == model
    made.close()


def test_a_copy_is_seen_when_its_moment_is_reached_and_whole() -> None:
    made = warehouse()
    made.append(batch([(5, 0, INSERT, 9, None, 0, 9, "gone since")], 5))
    made.append(copy({1: (1, "x"), 2: (2, "y"), 3: (3, "z")}, 8, 5))
    assert (set(content(made)), dict(made.copied())) == ({9}, {})
    made.append(Batch(8))
    assert content(made) == {1: (1, "x"), 2: (2, "y"), 3: (3, "z")}
    assert dict(made.copied()) == {"things": []}


def test_a_copy_tells_what_columns_the_source_had_when_it_is_seen() -> None:
    made = warehouse()
    for lsn, columns in ((8, ("id bigint",)), (20, ("id bigint", "a integer"))):
        made.append(
            Batch(lsn - 1, copy({1: (1, "x")}, lsn, 0).changes, control=(CopiedColumns("things", lsn, columns),))
        )
        before = [] if lsn == 8 else [["id bigint"]]
        assert list(made.copied().values()) == before
        made.append(Batch(lsn))
        assert made.copied() == {"things": list(columns)}


def test_a_copy_that_was_cut_off_is_begun_anew() -> None:
    made = warehouse()
    made.append(copy({1: (1, "x"), 2: (2, "y")}, 8, 5))
    made.append(copy({2: (2, "y")}, 9, 5))
    made.append(Batch(9))
    assert content(made) == {2: (2, "y")}


def test_a_second_copy_adds_to_the_history_only_what_is_different() -> None:
    made = warehouse()
    made.append(copy({1: (1, "x"), 2: (2, "y"), 3: (3, "z")}, 8, 8))
    made.compact("things")
    made.append(copy({1: (1, "x"), 2: (2, "new")}, 20, 20))
    assert content(made) == {1: (1, "x"), 2: (2, "new")}
    assert [row[:4] for row in history(made) if row[0] == 20] == [(20, -1, DELETE, 3), (20, 1, SNAPSHOT, 2)]


def test_a_row_copied_late_gives_way_to_changes_and_deletions() -> None:
    made = warehouse()
    made.append(copy({1: (1, "x"), 2: (2, "y"), 3: (3, "z")}, 8, 8))
    made.append(batch([(20, 0, UPDATE, 1, None, 0, 100, "newer"), (20, 1, DELETE, 2, None, 0, None, None)], 20))
    made.compact("things")
    part = changes([(15, key, SNAPSHOT, key, None, 0, 0, "copied") for key in (1, 2, 3)])
    made.append(Batch(21, (part,)))
    assert content(made) == {1: (100, "newer"), 3: (0, "copied")}


def test_a_row_copied_late_does_not_come_back_after_a_truncate() -> None:
    made = warehouse()
    made.append(batch([(20, 0, TRUNCATE, None, None, 0, None, None)], 20))
    made.append(Batch(21, (changes([(15, 0, SNAPSHOT, 1, None, 0, 0, "copied")]),)))
    assert content(made) == {}


def test_values_that_a_newer_change_left_out_come_from_a_late_copy() -> None:
    made = warehouse()
    made.append(batch([(20, 0, UPDATE, 1, None, UNSENT_B, 7, None)], 20))
    made.compact("things")
    assert content(made) == {1: (7, None)}
    made.append(copy({1: (3, "long")}, 15, 21))
    assert content(made) == {1: (7, "long")}


def test_a_copy_sent_twice_changes_nothing() -> None:
    made = warehouse()
    for _ in range(2):
        made.append(copy({1: (1, "x")}, 8, 8))
    assert content(made) == {1: (1, "x")}
    assert len(history(made)) == 1


def test_after_a_restart_copies_of_an_earlier_moment_take_the_place_of_what_was_there() -> None:
    made = warehouse()
    made.append(copy({1: (1, "x")}, 8, 8))
    made.append(batch([(500, 0, INSERT, 2, None, 0, 2, "of a lost timeline")], 500))
    made.compact("things")
    made.restart()
    assert (made.position(), dict(made.copied())) == (None, {})
    assert set(content(made)) == {1, 2}
    made.append(copy({1: (1, "x"), 3: (3, "z")}, 90, 0))
    assert set(content(made)) == {1, 2}
    made.append(Batch(90))
    assert content(made) == {1: (1, "x"), 3: (3, "z")}
    assert made.position() == 90
    made.append(batch([(95, 0, UPDATE, 3, None, UNSENT_B, 4, None)], 95))
    assert content(made)[3] == (4, "z")
    assert max(row[0] for row in history(made)) == 95


def test_readers_of_the_log_hear_of_changes_that_a_source_which_was_set_back_never_had() -> None:
    made = warehouse()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "a"), (1, 1, INSERT, 2, None, 0, 2, "b")], 1))
    made.append(batch([(50, 0, INSERT, 3, None, 0, 3, "never"), (50, 1, UPDATE, 1, None, 0, 9, "never")], 50))
    never = (60, 0, UPDATE, 2, None, 0, 9, "never")
    made.append(batch([], 60, [DeadLetter("things", 60, 0, 2, "a", "unfit", b"never", operation=Operation.UPDATE)]))
    (letter,) = made.letters()
    read = max(made.connection.execute("select max(_load_id) from raw.things__log").fetchone() or ())
    made.restart()
    made.append(copy({1: (1, "a"), 2: (2, "b")}, 20, 20))
    news = f"select _op, _key, a, b from raw.things__log where _load_id > {read} order by _key"
    assert made.connection.execute(news).fetchall() == [(SNAPSHOT, 1, 1, "a"), (DELETE, 3, None, None)]
    assert not made.letters()
    assert made.redeem(letter, changes([never]))
    assert content(made) == {1: (1, "a"), 2: (2, "b")}


@pytest.mark.parametrize("is_whole", [True, False])
def test_the_rest_of_a_copy_from_before_a_restart_is_passed_over(is_whole: bool) -> None:
    made = warehouse()
    made.append(copy({1: (1, "x")}, 3, 3))
    begun = [copy_begins(SHAPE, 5)] if is_whole else []
    made.append(Batch(0, [*begun, changes([(5, 0, SNAPSHOT, 1, None, 0, 1, "x")])], is_partial=True))
    made.restart()
    made.append(copy({1: (1, "x")}, 20, 20))
    made.append(Batch(0, [changes([(5, 1, SNAPSHOT, 9, None, 0, 9, "deleted since")])], is_partial=True))
    if is_whole:
        made.append(Batch(0, [copy_ends(SHAPE, 5)], is_partial=True))
    made.append(Batch(21))
    assert content(made) == {1: (1, "x")}


def test_a_restart_leaves_a_gap_in_the_history_until_copies_begin() -> None:
    made = warehouse()

    def gaps() -> list[Any]:
        return made.connection.execute("select since, until < now() from raw.gap").fetchall()

    made.restart()
    made.append(copy({1: (1, "x")}, 8, 0))
    made.restart()
    assert gaps() == []
    made.append(copy({1: (1, "x")}, 8, 8))
    made.restart()
    assert gaps() == [(AT, True)]
    first = made.connection.execute("select until from raw.gap").fetchall()
    made.append(copy({1: (1, "x")}, 20, 0))
    made.restart()
    assert gaps() == [(AT, True)]
    assert made.connection.execute("select until from raw.gap").fetchall() > first


def test_a_row_that_a_copy_could_not_read_is_not_taken_away() -> None:
    made = warehouse()
    made.append(copy({1: (1, "x"), 2: (2, "y")}, 8, 8))
    letter = DeadLetter("things", 9, 5, 2, "a", "out of range", b"?", Operation.SNAPSHOT)
    sent = copy({1: (1, "x")}, 9, 9)
    made.append(Batch(9, sent.changes, [letter]))
    assert content(made) == {1: (1, "x"), 2: (2, "y")}
    assert [one.key for one in made.letters()] == [2]


def test_a_copy_that_has_not_ended_is_not_seen_whatever_is_committed_meanwhile() -> None:
    made = warehouse()
    made.append(batch([(5, 0, INSERT, 9, None, 0, 9, "not in the copy"), (5, 1, INSERT, 1, None, 0, 0, "old")], 5))
    begun = copy({1: (1, "x"), 2: (2, "y"), 3: (3, "z")}, 8, 0)
    made.append(Batch(0, begun.changes[:2], is_partial=True))
    made.append(batch([(20, 0, UPDATE, 2, None, 0, 20, "newer")], 20))
    assert content(made) == {9: (9, "not in the copy"), 1: (0, "old"), 2: (20, "newer")}
    made.append(Batch(0, begun.changes[2:], is_partial=True))
    made.append(Batch(21))
    assert content(made) == {1: (1, "x"), 2: (20, "newer"), 3: (3, "z")}
