"""Events made a batch: the order in which those count that have no place in the source's."""

import pytest

from etl.changes import Operation
from etl.sources.debezium.collecting import Collecting, Read
from etl.sources.debezium.envelope import Event, Place
from etl.sources.debezium.offsets import OFFSETS
from etl.sources.debezium.values import Encoding
from tests.etl.sources.test_debezium import OTHERS, THINGS
from tests.etl.warehouses.things import warehouse


def event(operation: Operation, text: str, commit: int | None, key: int = 1) -> Event:
    place = None if commit is None else Place(commit, commit + 1)
    return Event(operation, key, None, {"id": key, "text": text}, {}, 1_700_000_000_000_000, place)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        # The connector made a snapshot, while the worker was away.
        ([event(Operation.UPDATE, "old", 1000), event(Operation.INSERT, "copied", None)], ["copied"]),
        # What follows may be before a place that another partition has reached.
        ([event(Operation.INSERT, "copied", None), event(Operation.UPDATE, "new", 900)], ["new"]),
        ([event(Operation.INSERT, "copied", None), event(Operation.TRUNCATE, "", 900)], []),
    ],
)
def test_rows_of_a_snapshot_come_after_what_was_before_them_and_before_what_follows(
    events: list[Event], expected: list[str]
) -> None:
    collecting = Collecting(10, Encoding())
    collecting.add(Read(OTHERS, event(Operation.INSERT, "elsewhere", 950, 5), b"", 1))
    for one in events:
        collecting.add(Read(THINGS, one, b"", 1))
    made = warehouse(":memory:", THINGS, OTHERS, OFFSETS)
    made.append(collecting.batch())
    assert made.read("things")["text"].to_pylist() == expected
    made.close()
