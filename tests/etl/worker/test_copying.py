"""Copied tables are appended in pieces that a warehouse writes once."""

from dataclasses import dataclass, field
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from etl.changes import Batch
from etl.sources import gathering
from etl.sources.postgres_wal.slot import NewSlot, slot_state
from etl.worker.copying import Copier
from etl.worker.progress import Silent
from etl.worker.source import Source
from tests.etl.sources.recording import shape_of
from tests.servers import wait_until

SHAPE = shape_of("things", id=pa.int64())


@dataclass
class Appended:
    """Stands in for a warehouse: how many rows were appended at a time."""

    rows: list[int] = field(default_factory=list)

    def append(self, batch: Batch) -> None:
        self.rows.append(sum(part.records.num_rows for part in batch.changes))


@pytest.mark.parametrize(("counts", "pieces"), [("analyze", [11, 14, 1]), ("", [11, 10, 4, 1])])
def test_the_last_rows_are_appended_with_those_before(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, counts: str, pieces: list[int]
) -> None:
    """Where the source knows how many there are; the marks around a copy are rows too."""
    monkeypatch.setattr(gathering, "_ROWS", 10)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table things (id bigint primary key) with (autovacuum_enabled = false)")
        connection.execute("insert into things select generate_series(1, 24)")
        connection.execute(f"{counts} things" if counts else "select")
        warehouse: Any = Appended()
        with NewSlot(empty_database, "copying", is_temporary=True) as slot:
            copied = Copier(Source(empty_database, "copying"), warehouse, Silent()).copy_all(slot, {"things": SHAPE})
        # The server notices a moment later that the slot is let go, and drops no database before.
        wait_until("the slot is gone", lambda: slot_state(connection, "copying") is None)
    assert copied.rows == {"things": 24}
    assert warehouse.rows == [*pieces, 0]
