"""Erasure reaches the history, the base, what waits, copies that come later, and dead letters."""

from dataclasses import replace

import pyarrow as pa

from etl.changes import Batch, DeadLetter, Erase, TableShape
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.warehouses.things import (
    DELETE,
    INSERT,
    SHAPE,
    SNAPSHOT,
    UPDATE,
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
