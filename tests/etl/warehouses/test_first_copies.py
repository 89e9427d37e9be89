"""The first copy of a table becomes its history as it is, and nobody can tell it from one that was compared."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings

from etl.changes import Batch, Erase, TableShape
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.warehouses.things import (
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

ROWS: Model = {key: (key, f"v{key}") for key in range(4)}


def loads(made: DuckDBWarehouse, part: str = "log") -> list[int]:
    found = made.connection.execute(f"select _load_id from raw.things__{part} order by _seq").fetchall()
    return [load for (load,) in found]


def copied_first(*shapes: TableShape) -> DuckDBWarehouse:
    made = warehouse(":memory:", *shapes)
    made.append(copy(ROWS, 8, 0))
    made.append(Batch(8))
    return made


@settings(max_examples=40, deadline=None)
@given(steps(16))
def test_changes_after_a_first_copy_are_the_table_however_it_is_compacted(done: list[Step]) -> None:
    model, made, lsn, rows = dict(ROWS), copied_first(), 10, []
    for index, ((what, key, other, is_commit), cut) in enumerate(done):
        rows += change(model, what, key, other, lsn, index * 2)
        if is_commit:
            lsn += 2
        if cut and is_commit:
            made.append(batch(rows, lsn - 1))
            rows = []
            assert content(made) == model
        if cut == 3:
            made.compact("things")
    made.append(batch(rows, lsn))
    assert content(made) == model
    made.compact("things")
    assert content(made) == model
    made.close()


def test_rows_arrive_when_they_are_seen() -> None:
    made = warehouse()
    begun = copy(ROWS, 8, 0)
    for part in begun.changes:
        made.append(Batch(0, (part,), is_partial=True))
    assert made.connection.execute("select count(*) from raw.things__log").fetchall() == [(0,)]
    for lsn in (5, 6):
        made.append(Batch(lsn))
    before = made.connection.execute("select load_id from raw.checkpoint").fetchall()[0][0]
    made.append(batch([(9, 0, UPDATE, 1, None, UNSENT_B, 7, None)], 9))
    assert loads(made) == [before + 1] * 5
    assert [row[1:4] for row in history(made)] == [*((seq, SNAPSHOT, seq) for seq in range(4)), (0, UPDATE, 1)]
    assert loads(made, "copying") == []
    assert content(made) == ROWS | {1: (7, "v1")}


def test_tables_are_made_alike_before_a_copy_and_after(tmp_path: Path) -> None:
    made = warehouse(tmp_path / "w.duckdb")
    before = definitions(made)
    assert [before[part].count("USING COMPRESSION RLE") for part in ("base", "log", "copying")] == [0, 3, 3]
    for lsn in (8, 9):
        made.append(copy(ROWS, lsn, lsn))
        made.compact("things")
        assert definitions(made) == before
    assert content(made) == ROWS
    made.close()


def definitions(made: DuckDBWarehouse) -> dict[str, str]:
    found = made.connection.execute("select table_name, sql from duckdb_tables() where table_name like 'things__%'")
    return {name.partition("__")[2]: sql.partition("(")[2] for name, sql in found.fetchall()}


def test_a_copy_beside_changes_that_came_first_is_compared() -> None:
    made = warehouse()
    made.append(batch([(5, 0, INSERT, 1, None, 0, 1, "v1"), (5, 1, INSERT, 9, None, 0, 9, "gone since")], 5))
    made.append(copy(ROWS, 8, 8))
    assert content(made) == ROWS
    assert [row[:4] for row in history(made) if row[0] == 8] == [
        (8, -1, DELETE, 9),
        *((8, key, SNAPSHOT, key) for key in (0, 2, 3)),
    ]


def test_an_empty_table_is_copied_too() -> None:
    made = warehouse()
    made.append(copy({}, 8, 8))
    assert (content(made), dict(made.copied())) == ({}, {"things": []})


def test_what_is_seen_before_the_first_compaction_outlives_the_worker(tmp_path: Path) -> None:
    made = warehouse(tmp_path / "w.duckdb")
    made.append(copy(ROWS, 8, 8))
    made.append(batch([(9, 0, DELETE, 1, None, 0, None, None), (9, 1, INSERT, 7, 2, UNSENT_B, 7, None)], 9))
    expected = {key: value for key, value in ROWS.items() if key != 1} | {7: (7, "v2")}
    for _ in range(2):
        made.close()
        made = warehouse(tmp_path / "w.duckdb")
        assert content(made) == expected
        made.compact("things")
    assert content(made) == expected
    made.close()


def test_a_truncate_before_the_first_compaction_takes_the_copy() -> None:
    made = copied_first()
    made.append(batch([(9, 0, TRUNCATE, None, None, 0, None, None), (9, 1, INSERT, 1, None, 0, 1, "new")], 9))
    assert content(made) == {1: (1, "new")}
    made.compact("things")
    assert content(made) == {1: (1, "new")}


def test_history_of_a_copy_stays_until_it_is_in_the_base() -> None:
    made = copied_first()
    assert made.prune(dt.timedelta(0)) == 0
    assert content(made) == ROWS
    made.compact("things")
    assert made.prune(dt.timedelta(0)) == len(ROWS)
    assert content(made) == ROWS


def test_a_part_that_waits_for_longer_is_not_taken_for_the_copy() -> None:
    made = warehouse()
    made.append(copy(ROWS, 8, 0))
    made.append(Batch(0, (changes([(9, 0, SNAPSHOT, 1, None, 0, 0, "later"), (9, 1, SNAPSHOT, 5, None, 0, 5, "")]),)))
    made.append(Batch(8))
    assert content(made) == ROWS
    made.append(Batch(9))
    assert content(made) == ROWS | {1: (0, "later"), 5: (5, "")}


def test_a_person_erased_while_the_copy_waits_is_not_in_it() -> None:
    personal = TableShape("things", (*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))
    made = warehouse(":memory:", personal)
    begun = copy(ROWS, 8, 0).changes
    made.append(Batch(0, begun[:1], is_partial=True))
    made.append(Batch(9, control=(Erase("things", 2, 9),)))
    made.append(Batch(0, begun[1:], is_partial=True))
    made.append(Batch(10))
    assert content(made) == ROWS | {2: (2, None)}
    assert "v2" not in str(history(made))
