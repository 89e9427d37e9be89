"""One worker at a time writes to BigQuery: the one that came last, whatever the clocks say."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.warehouses.interface import Fenced
from tests.emulator import Emulator
from tests.etl.warehouses.opening import BigQueryOpener
from tests.etl.warehouses.things import INSERT, batch, content


@pytest.fixture
def opener(bigquery: Emulator, tmp_path: Path) -> Iterator[BigQueryOpener]:
    made = BigQueryOpener(tmp_path, bigquery.place())
    yield made
    made.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give how many seconds the clock is off."""
    off, now = [0.0], time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + int(off[0] * 10**9))
    return off


def test_a_worker_goes_on_after_its_clock_stepped_back(opener: BigQueryOpener, clock: list[float]) -> None:
    for lsn, seconds in ((1, 3600.0), (2, 0.0)):
        clock[0] = seconds
        made = opener()
        made.append(batch([(lsn, 0, INSERT, lsn, None, 0, lsn, "x")], lsn))
        assert len(content(made)) == lsn
        opener.close()


def test_a_worker_whose_clock_is_behind_takes_over(opener: BigQueryOpener, clock: list[float], tmp_path: Path) -> None:
    one = opener()
    one.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(one)
    clock[0] = -3600.0
    other = BigQueryOpener(tmp_path / "elsewhere", opener.place)
    other.folder.mkdir()
    new = other()
    new.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    assert content(new) == {1: (1, "x")}
    one.append(batch([(2, 0, INSERT, 2, None, 0, 2, "late")], 2))
    with pytest.raises(Fenced):
        content(one)
    assert content(new) == {1: (1, "x")}
    other.close()


def test_a_stream_that_bigquery_let_go_is_replaced_where_nobody_took_over(opener: BigQueryOpener) -> None:
    """As often as it is let go: names of streams are random, and the next one may come before or behind the last."""
    made: Any = opener()
    for lsn in range(1, 7):
        made.append(batch([(lsn, 0, INSERT, lsn, None, 0, 1, "x")], lsn))
        assert len(content(made)) == lsn
        opener.service.writing.finalize_write_stream(name=made._mirror._claim._checkpoints.name)
    assert len({row["stream"] for row in opener.rows("owner")}) == 6
