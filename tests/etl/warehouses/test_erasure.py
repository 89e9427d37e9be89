"""Erasure reaches the history, the base, what waits, copies that come later, and dead letters."""

from dataclasses import replace

import pyarrow as pa
import pytest

from etl.changes import Batch, DeadLetter, Erase, Operation, TableShape, copy_begins, copy_ends
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.warehouses.things import (
    DELETE,
    INSERT,
    SHAPE,
    SNAPSHOT,
    UPDATE,
    Row,
    batch,
    changes,
    column,
    content,
    history,
    warehouse,
)

PERSONAL = TableShape("things", (*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))
SECRET = "personal data"


def everything(made: DuckDBWarehouse) -> str:
    tables = ("things__log", "things__base", "things__pending", "things__copying", "dead_letter")
    return str([made.connection.execute(f"from raw.{table}").fetchall() for table in tables])


def test_an_erased_row_is_nowhere_under_any_of_its_keys() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET), (1, 1, INSERT, 9, None, 0, 9, "of another")], 1))
    made.compact("things")
    made.append(batch([(2, 0, DELETE, 1, None, 0, None, None), (2, 1, INSERT, 2, 1, 4, 2, None)], 2))
    made.append(Batch(3, dead=(DeadLetter("things", 3, 0, 2, "a", "", SECRET.encode()),)))
    made.append(batch([(9, 0, UPDATE, 2, None, 0, 3, SECRET)], 4))
    assert SECRET in everything(made)
    made.append(Batch(5, control=(Erase("things", 2, 10),), is_partial=True))
    assert SECRET not in everything(made)
    assert content(made) == {2: (2, None), 9: (9, "of another")}
    made.append(Batch(10))
    assert content(made) == {2: (3, None), 9: (9, "of another")}


def test_what_the_erasing_transaction_writes_is_kept() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    made.append(batch([(10, 0, UPDATE, 1, None, 0, 1, "anonymous")], 10, control=(Erase("things", 1, 10),)))
    assert (content(made), SECRET in everything(made)) == ({1: (1, "anonymous")}, False)


def test_the_row_arrives_again_so_that_the_models_forget_it() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    made.compact("things")
    made.append(Batch(2, control=(Erase("things", 1),)))
    assert history(made)[-1][2:] == (UPDATE, 1, 1, None)


def test_a_copy_from_before_the_erasure_brings_nothing_back() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    made.append(Batch(9, control=(Erase("things", 1, 8),)))
    made.append(Batch(10, (changes([(7, 0, SNAPSHOT, 1, None, 0, 7, SECRET)]),)))
    assert SECRET not in everything(made)
    made.append(Batch(20, (changes([(15, 0, SNAPSHOT, 1, None, 0, 7, "given again")]),)))
    assert content(made) == {1: (7, "given again")}


def test_columns_that_are_no_longer_declared_are_erased_too() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    made.compact("things")
    made.prepare([TableShape("things", (SHAPE.columns[0], SHAPE.columns[1], column("c", pa.int64())))])
    made.append(Batch(2, control=(Erase("things", 1),)))
    assert SECRET not in everything(made)


def test_a_former_key_is_found_where_the_move_is_a_dead_letter() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 7, None, 0, 1, SECRET)], 1))
    made.append(
        batch(
            [(2, 0, DELETE, 7, None, 0, None, None)], 2, dead=[DeadLetter("things", 2, 1, 8, "a", "", b"", old_key=7)]
        )
    )
    made.append(batch([(3, 0, UPDATE, 8, None, 0, 1, "anonymous")], 3, control=[Erase("things", 8, 3)]))
    assert (content(made), SECRET in everything(made)) == ({8: (1, "anonymous")}, False)


@pytest.mark.parametrize("is_copied", [True, False])
def test_a_former_key_is_found_where_the_move_was_a_dead_letter_and_was_answered(is_copied: bool) -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    letter = DeadLetter("things", 2, 1, 2, "a", "", b"", operation=Operation.INSERT, old_key=1)
    made.append(batch([(2, 0, DELETE, 1, None, 0, None, None)], 2, (letter,)))
    row: Row = (3, 0, SNAPSHOT if is_copied else UPDATE, 2, None, 0, 2, SECRET)
    around = (copy_begins(PERSONAL, 3), changes([row]), copy_ends(PERSONAL, 3)) if is_copied else (changes([row]),)
    made.append(Batch(3, around))
    if not is_copied:
        assert made.redeem(letter, None)
    assert not made.letters()
    made.append(Batch(9, control=(Erase("things", 2, 9),)))
    assert SECRET not in everything(made)


def test_a_former_key_is_found_where_the_move_waits_for_its_commit() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 7, None, 0, 1, SECRET)], 1))
    made.compact("things")
    moved: list[Row] = [(4, 0, DELETE, 7, None, 0, None, None), (4, 1, INSERT, 8, 7, 0, 1, "anonymous")]
    made.append(batch(moved, 1, is_partial=True))
    made.append(
        batch([(4, 2, INSERT, 9, None, 0, 9, "of another")], 1, control=[Erase("things", 8, 4)], is_partial=True)
    )
    made.append(Batch(4))
    assert (content(made), SECRET in everything(made)) == ({8: (1, "anonymous"), 9: (9, "of another")}, False)


@pytest.mark.parametrize("compacted_before", [2, 3, 4, 5])
def test_a_row_that_took_a_former_key_is_kept(compacted_before: int) -> None:
    made = warehouse(":memory:", PERSONAL)
    steps: dict[int, list[Row]] = {
        1: [(1, 0, INSERT, 7, None, 0, 1, SECRET)],
        2: [(2, 0, DELETE, 7, None, 0, None, None), (2, 1, INSERT, 8, 7, 0, 1, SECRET)],
        3: [(3, 0, INSERT, 7, None, 0, 2, "of another")],
        4: [(4, 0, UPDATE, 8, None, 0, 1, "anonymous")],
    }
    for lsn, rows in steps.items():
        if lsn == compacted_before:
            made.compact("things")
        made.append(batch(rows, lsn, control=[Erase("things", 8, 4)] if lsn == 4 else ()))
    made.append(Batch(5, (changes([(3, 0, SNAPSHOT, 7, None, 0, 2, "of another")], PERSONAL),)))
    assert (content(made), SECRET in everything(made)) == ({7: (2, "of another"), 8: (1, "anonymous")}, False)
    assert [row[-1] for row in history(made) if row[3] == 7 and row[2] != DELETE] == [None, "of another"]


def test_a_row_that_took_a_former_key_in_the_same_transaction_is_kept() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 7, None, 0, 1, SECRET), (1, 1, INSERT, 9, None, 0, 9, "of another")], 1))
    left: list[Row] = [(2, 0, DELETE, 7, None, 0, None, None), (2, 1, INSERT, 8, 7, 0, 1, SECRET)]
    made.append(batch([*left, (2, 2, DELETE, 9, None, 0, None, None), (2, 3, INSERT, 7, 9, 0, 9, "of another")], 2))
    made.append(Batch(3, control=[Erase("things", 8, 3)]))
    assert (content(made), SECRET in everything(made)) == ({7: (9, "of another"), 8: (1, None)}, False)


def test_an_unfit_row_of_a_copy_from_before_the_erasure_is_kept_without_what_came() -> None:
    made = warehouse(":memory:", PERSONAL)
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, SECRET)], 1))
    made.append(Batch(0, (copy_begins(PERSONAL, 5),), is_partial=True))
    made.append(batch([(9, 0, UPDATE, 1, None, 0, 1, "anonymous")], 9, control=[Erase("things", 1, 9)]))
    unfit = DeadLetter("things", 5, 0, 1, "a", "", SECRET.encode(), Operation.SNAPSHOT, form="copy")
    made.append(
        Batch(0, (copy_ends(PERSONAL, 5),), dead=[unfit, replace(unfit, seq=1, key=2, raw=b"?")], is_partial=True)
    )
    made.append(Batch(10))
    assert (content(made), SECRET in everything(made)) == ({1: (1, "anonymous")}, False)
    assert [(letter.key, letter.raw) for letter in made.letters()] == [(1, b""), (2, b"?")]
