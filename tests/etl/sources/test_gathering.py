"""Parts of a copy are put together, in order, until they are worth writing."""

import pytest

from etl.changes import DeadLetter, Operation
from etl.sources import gathering
from etl.sources.gathering import gathered
from etl.sources.postgres_wal.snapshot import Part
from tests.etl.warehouses.things import SNAPSHOT, changes


def part(first: int, count: int, *, dead: int = 0) -> Part:
    letters = [DeadLetter("things", 8, first + n, 0, "a", "", b"", Operation.SNAPSHOT) for n in range(dead)]
    rows = [(8, first + n, SNAPSHOT, first + n, None, 0, 0, "x" * 100) for n in range(count)]
    return (changes(rows) if rows else None), letters


def test_parts_are_held_until_they_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 10)
    found = list(gathered(iter([part(0, 4), part(4, 4), part(8, 1, dead=1), part(9, 3), part(12, 0, dead=2)])))
    assert [one.rows for one in found] == [10, 5]
    assert [len(one.changes) for one in found] == [3, 1]
    assert [len(one.dead) for one in found] == [1, 2]
    keys = [key for one in found for made in one.changes for key in made.records.column("_key").to_pylist()]
    assert keys == list(range(12))


def test_wide_rows_are_not_held_for_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_BYTES", 1000)
    assert [one.rows for one in gathered(part(first, 6) for first in (0, 6, 12))] == [6, 6, 6]


def test_nothing_is_given_of_nothing() -> None:
    assert list(gathered(iter(()))) == []
