"""A copy that is cut off shows nothing of itself, and the next one is whole."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

from etl.sources import gathering
from etl.sources.postgres_wal import snapshot, wire
from etl.worker import failpoints
from tests.etl.matrix.pair import Pair


class Cut(Exception):
    """The worker ends here."""


@pytest.mark.parametrize(("point", "times"), [("write", 2), ("checkpoint", 5), ("commit", 3)])
def test_the_next_copy_is_whole(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, times: int
) -> None:
    def cut(*_: object) -> NoReturn:
        raise Cut

    made = Pair(empty_database, tmp_path)
    made.run("insert into things select n, n, n, now(), now(), 'old' from generate_series(1, 3000) n")
    monkeypatch.setattr(snapshot, "_BYTES", 1)
    monkeypatch.setattr(gathering, "_BYTES", 1)
    monkeypatch.setattr(wire, "_BLOCK", 2**14)
    first = made.unstarted()
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", cut)
        failpoints.arm(f"{point}:{times}")
        with pytest.raises(Cut):
            first.pipeline.copy(first.worker.stop)
        failpoints.disarm()
    assert first.rows("select count(*) from raw.things") == [(0,)]
    first.warehouse.close()
    made.run("delete from things where id <= 1000", "update things set n = -n where id > 2000")
    made.start()
    made.in_step()
    made.run("update things set n = 0 where id = 1500")
    made.in_step()
    made.close()
