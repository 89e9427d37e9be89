"""The warehouse can't be reached for long: changes wait on the worker's disk, and the source keeps no log for them."""

from pathlib import Path

import pytest

from etl.sources.postgres_wal.slot import SlotState, slot_state
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.warehouses.interface import WarehouseUnavailable
from tests.etl.matrix.pair import LONG, Pair
from tests.etl.source_log import log_end
from tests.servers import wait_until

KEPT = 2 * 2**20


def test_the_source_forgets_what_waits_and_nothing_is_lost(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object) -> None:
        raise WarehouseUnavailable("down")

    made = Pair(empty_database, tmp_path)
    made.spill = tmp_path / "spill"
    made.run("insert into things select n, n from generate_series(1, 500) n")
    made.start()
    with monkeypatch.context() as patch:
        patch.setattr(DuckDBWarehouse, "append", unreachable)
        before = log_end(made.connection)
        for turn in range(20):
            made.run(f"update things set n = {turn}, note = {LONG % turn}", f"delete from things where id = {turn + 1}")
            made.run(f"update things set n = -n where id % 7 = {turn % 7}")
        end = log_end(made.connection)
        assert end - before > 10 * KEPT
        wait_until("the source may forget it", lambda: _slot(made).confirmed >= end - KEPT, 60)
        assert _slot(made).wal_status == "reserved"
        # The worker ends and begins meanwhile: what waits is on its disk.
        made.stop()
        made.run("update things set n = 77 where id = 300")
        made.start()
    made.in_step()
    work = made.work
    assert work is not None
    assert (work.pipeline.standing.losses, work.pipeline.outlet.waiting_bytes) == (0, 0)
    made.close()


def _slot(pair: Pair) -> SlotState:
    found = slot_state(pair.connection, pair.source.slot)
    assert found is not None
    return found
