"""Batches on disk: whole, in order, bounded, and none that was not written."""

import datetime as dt
import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from etl.changes import (
    Batch,
    ColumnShape,
    CopiedColumns,
    CopyAgain,
    DeadLetter,
    Erase,
    Heartbeat,
    Operation,
    SchemaChange,
    TableShape,
)
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.interface import WarehouseUnavailable
from etl.worker import spill as spilling
from etl.worker.batch_bytes import from_bytes, to_bytes
from etl.worker.outlet import Outlet
from etl.worker.spill import Spill
from tests.etl.warehouses.things import AT, INSERT, batch

LIMIT = 10**6
LETTER = DeadLetter("t", 1, 2, None, "c", "no", b"\x00\xff", Operation.UPDATE, 4, AT, "pgoutput", (("c", 25),))


def some(through: int, *, is_partial: bool = False) -> Batch:
    return batch([(through, 0, INSERT, through, None, 0, through, "São João")], through, is_partial=is_partial)


def taken(spill: Spill) -> list[int]:
    found = []
    while (first := spill.first()) is not None:
        found.append(first.through)
        spill.drop_first()
    return found


def test_a_batch_comes_back_as_it_was() -> None:
    control = (Heartbeat(7, AT), Erase("t", 1, 9), CopyAgain("t", "x", 1, None), CopiedColumns("t", 3, ("a text",)))
    written = Batch(8, (*some(5).changes, *some(6).changes), (LETTER,), control, is_partial=True)
    read = from_bytes(to_bytes(written))
    assert (read.through, tuple(read.dead), tuple(read.control), read.is_partial) == (8, (LETTER,), control, True)
    assert [part.table for part in read.changes] == ["things", "things"]
    assert all(one.records.equals(other.records) for one, other in zip(read.changes, written.changes, strict=True))


def test_batches_come_back_in_order_after_opening_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling, "_SEGMENT_BYTES", 3000)
    spill = Spill(tmp_path, LIMIT)
    for through in range(1, 11):
        spill.append(some(through), 0)
    assert len(list(tmp_path.iterdir())) > 1
    spill.drop_first()
    again = Spill(tmp_path, LIMIT)
    assert (again.position, again.bytes) == (10, sum(path.stat().st_size for path in tmp_path.iterdir()))
    # What was taken without its whole file comes again; the warehouse knows it already.
    assert taken(again) in ([*range(1, 11)], [*range(2, 11)])
    assert (list(tmp_path.iterdir()), again.position, again.is_empty) == ([], None, True)


def test_the_parts_of_a_transaction_come_again_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse forgets parts that it took before the end when the worker is killed."""
    monkeypatch.setattr(spilling, "_SEGMENT_BYTES", 1)
    spill = Spill(tmp_path, LIMIT)
    for through, is_partial in ((1, False), (1, True), (1, True), (2, False), (3, False)):
        spill.append(some(through, is_partial=is_partial), 0)
    for _ in range(2):
        spill.drop_first()
    assert taken(Spill(tmp_path, LIMIT)) == [1, 1, 2, 3]


def test_what_was_torn_at_the_end_is_forgotten(tmp_path: Path) -> None:
    spill = Spill(tmp_path, LIMIT)
    spill.append(some(1), 0)
    spill.append(some(2), 0)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    again = Spill(tmp_path, LIMIT)
    assert again.position == 1
    again.append(some(3), 1)
    assert taken(Spill(tmp_path, LIMIT)) == [1, 3]


def test_a_damaged_file_in_the_middle_takes_all_of_them_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spilling, "_SEGMENT_BYTES", 1)
    spill = Spill(tmp_path, LIMIT)
    for through in (1, 2, 3):
        spill.append(some(through), 0)
    second = sorted(tmp_path.iterdir())[1]
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    again = Spill(tmp_path, LIMIT)
    assert (again.position, again.is_empty, list(tmp_path.iterdir())) == (None, True, [])


def test_there_is_a_limit_and_a_shape_does_not_wait(tmp_path: Path) -> None:
    spill = Spill(tmp_path, 2500)
    spill.append(some(1), 0)
    with pytest.raises(WarehouseUnavailable, match="no room"):
        spill.append(batch([(2, n, INSERT, n, None, 0, n, "much") for n in range(100)], 2), 1)
    assert taken(spill) == [1]
    column = ColumnShape("id", from_bytes(to_bytes(some(1))).changes[0].records.schema.field("id").type, False, "")
    with pytest.raises(WarehouseUnavailable):
        Spill(tmp_path / "other", LIMIT).append(Batch(1, control=(SchemaChange(TableShape("t", (column,))),)), 0)


class Flaky(DuckDBWarehouse):
    """A warehouse that can be switched off, and keeps only how far batches went."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.is_off = False
        self.throughs: list[int] = []

    def fence(self, owner: str) -> None:
        pass

    def position(self) -> int | None:
        return max(self.throughs, default=None)

    def append(self, batch: Batch) -> None:
        if self.is_off:
            raise WarehouseUnavailable("off")
        self.throughs.append(batch.through)


def outlet(folder: Path, flaky: Flaky, delivered: list[int]) -> Outlet:
    made = Outlet(flaky, Spill(folder, LIMIT), lambda batch, _: delivered.append(batch.through))
    made.open("test")
    return made


def feed(made: Outlet, throughs: Sequence[int]) -> None:
    for through in throughs:
        made.append(some(through))


def test_nothing_overtakes_what_waits(tmp_path: Path) -> None:
    flaky, delivered, now = Flaky(), list[int](), dt.datetime.now(dt.UTC)
    made = outlet(tmp_path, flaky, delivered)
    feed(made, [1])
    flaky.is_off = True
    feed(made, [2, 3])
    assert (made.position(), flaky.position(), delivered) == (3, 1, [1])
    flaky.is_off = False
    feed(made, [4])
    assert flaky.throughs == [1]
    assert made.due(now)
    made.run()
    feed(made, [5])
    assert flaky.throughs == delivered == [1, 2, 3, 4, 5]
    assert (made.waiting_bytes, made.due(now), made.position()) == (0, False, 5)


def test_what_waits_goes_on_after_the_clock_was_set_back(tmp_path: Path) -> None:
    flaky, now = Flaky(), dt.datetime.now(dt.UTC)
    made = outlet(tmp_path, flaky, [])
    flaky.is_off = True
    feed(made, [1])
    made.run()
    assert not made.due(now)
    assert made.due(now - dt.timedelta(hours=1))


def test_what_waits_survives_the_process(tmp_path: Path) -> None:
    flaky = Flaky()
    flaky.is_off = True
    feed(outlet(tmp_path, flaky, []), [1, 2])
    flaky.is_off = False
    again = outlet(tmp_path, flaky, [])
    assert again.position() == 2
    again.run()
    assert flaky.throughs == [1, 2]


def test_what_waits_for_a_later_state_than_the_warehouse_has_goes(tmp_path: Path) -> None:
    flaky = Flaky()
    made = outlet(tmp_path, flaky, [])
    feed(made, [1, 2])
    flaky.is_off = True
    feed(made, [3, 4])
    set_back = Flaky()
    set_back.throughs = [1]
    again = outlet(tmp_path, set_back, [])
    assert (again.position(), again.waiting_bytes) == (1, 0)


def test_what_waits_and_is_there_already_stays(tmp_path: Path) -> None:
    """After a kill between an append and its note the warehouse has what waits, or a part of it."""
    flaky = Flaky()
    made = outlet(tmp_path, flaky, [])
    feed(made, [1])
    flaky.is_off = True
    feed(made, [2, 3])
    for reached in (1, 2, 3):
        flaky.throughs = [reached]
        assert outlet(tmp_path, flaky, []).position() == 3


def test_a_transaction_does_not_wait_in_halves(tmp_path: Path) -> None:
    flaky = Flaky()
    made = outlet(tmp_path, flaky, [])
    made.append(some(1, is_partial=True))
    flaky.is_off = True
    with pytest.raises(WarehouseUnavailable, match="within a transaction"):
        made.append(some(2))
    # The source sends the whole of it again.
    made.open("test")
    made.append(some(1, is_partial=True))
    made.append(some(2))
    flaky.is_off = False
    made.run()
    assert flaky.throughs == [1, 1, 2]


def full(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("call", "does"), [("pwrite", full), ("pwrite", lambda *_: 5), ("fsync", full)])
def test_what_a_full_disk_refused_leaves_no_place_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, does: Callable[..., int]
) -> None:
    """A file that is named after an earlier place would hide that the warehouse was set back behind what waits."""
    flaky = Flaky()
    made = outlet(tmp_path, flaky, [])
    feed(made, [10])
    flaky.is_off = True
    with monkeypatch.context() as patch:
        patch.setattr(os, call, does)
        with pytest.raises(WarehouseUnavailable, match="No space left"):
            made.append(some(11))
    assert list(tmp_path.iterdir()) == []
    flaky.is_off = False
    feed(made, [11, 50])
    flaky.is_off = True
    feed(made, [51])
    set_back = Flaky()
    set_back.throughs = [30]
    assert outlet(tmp_path, set_back, []).position() == 30
