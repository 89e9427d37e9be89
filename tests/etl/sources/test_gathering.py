"""Parts of a copy are put together, in order, until they are worth writing."""

import pytest

from etl.changes import DeadLetter, Operation
from etl.sources import gathering
from etl.sources.gathering import Gathered, gathered
from etl.sources.postgres_wal.snapshot import Part
from tests.etl.warehouses.things import SNAPSHOT, changes


def part(first: int, count: int, *, dead: int = 0) -> Part:
    letters = [DeadLetter("things", 8, first + n, 0, "a", "", b"", Operation.SNAPSHOT) for n in range(dead)]
    rows = [(8, first + n, SNAPSHOT, first + n, None, 0, 0, "x" * 100) for n in range(count)]
    return (changes(rows) if rows else None), letters


def keys(found: list[Gathered]) -> list[list[int]]:
    return [one.changes.records.column("_key").to_pylist() if one.changes else [] for one in found]


def test_rows_are_held_until_they_are_enough_and_cut_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 10)
    parts = [part(0, 4), part(4, 4), part(8, 1, dead=1), part(9, 15), part(24, 0, dead=2)]
    found = list(gathered(iter(parts)))
    assert keys(found) == [list(range(10)), list(range(10, 20)), list(range(20, 24))]
    assert [len(one.dead) for one in found] == [1, 0, 2]
    assert [one.rows for one in found] == [11, 10, 6]


@pytest.mark.parametrize(
    ("expected", "pieces"),
    [
        (34, [10, 10, 14]),
        (30, [10, 10, 10, 4]),
        (38, [10, 10, 14]),
        (19, [19, 10, 5]),
        (9, [10, 10, 10, 4]),
        (0, [10, 10, 10, 4]),
    ],
)
def test_the_last_rows_go_with_those_before_as_far_as_they_are_expected(
    monkeypatch: pytest.MonkeyPatch, expected: int, pieces: list[int]
) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 10)
    found = list(gathered((part(first, min(6, 34 - first)) for first in range(0, 34, 6)), expected))
    assert [one.rows for one in found] == pieces
    assert [key for one in keys(found) for key in one] == list(range(34))


def test_rows_that_are_all_unfit_are_given_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_ROWS", 10)
    found = list(gathered(part(first, 0, dead=6) for first in (0, 6, 12)))
    assert [(one.changes, len(one.dead)) for one in found] == [(None, 12), (None, 6)]


def test_wide_rows_are_not_held_for_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "_BYTES", 1000)
    assert [one.rows for one in gathered(part(first, 6) for first in (0, 6, 12))] == [6, 6, 6]


def test_nothing_is_given_of_nothing() -> None:
    assert list(gathered(iter(()))) == []
