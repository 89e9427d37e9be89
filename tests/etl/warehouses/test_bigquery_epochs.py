"""An epoch of the mirror has every table whole, wherever its beginning was broken off."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions as google

from etl.changes import Batch, Erase
from tests.emulator import Emulator
from tests.etl.warehouses.failing import Shaky, failing_once
from tests.etl.warehouses.opening import BigQueryOpener
from tests.etl.warehouses.things import DELETE, INSERT, SHAPE, SNAPSHOT, UPDATE, batch, changes, content, copy

A_TEXT = replace(SHAPE, columns=(SHAPE.columns[0], replace(SHAPE.columns[1], type=pa.string()), SHAPE.columns[2]))
OTHERS = replace(SHAPE, table="others")
PERSONAL = replace(SHAPE, columns=(*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))


@pytest.fixture
def opener(bigquery: Emulator, tmp_path: Path) -> Iterator[BigQueryOpener]:
    made = BigQueryOpener(tmp_path, bigquery.place())
    yield made
    made.close()


@pytest.mark.parametrize("is_opened_again", [False, True])
@pytest.mark.parametrize(
    "place",
    [
        "etl.warehouses.bigquery.tables.Tables._put_aside",
        "etl.warehouses.bigquery.tables.Tables.shape",
        "etl.warehouses.bigquery.mirror.Mirror._send_rows",
    ],
)
def test_a_table_that_was_put_aside_is_filled_anew_wherever_that_was_broken_off(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch, place: str, *, is_opened_again: bool
) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x"), (1, 1, INSERT, 2, None, 0, 2, "y")], 1))
    content(made)
    opener.close()
    made = opener([A_TEXT])
    failing_once(monkeypatch, place)
    with pytest.raises(RuntimeError):
        content(made)
    if is_opened_again:
        opener.close()
        made = opener([A_TEXT])
    row: Any = (2, 0, INSERT, 3, None, 0, "3", "z")
    made.append(Batch(2, (changes([row], A_TEXT),)))
    assert {key: b for key, (_, b) in content(made).items()} == {1: "x", 2: "y", 3: "z"}


def test_views_that_could_not_be_made_are_made_with_the_next_sending(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opener([SHAPE, OTHERS])
    for lsn in (1, 2):
        row = (lsn, 0, INSERT, lsn, None, 0, lsn, "x")
        made.append(Batch(lsn, (changes([row]), changes([(lsn, 1, *row[2:])], OTHERS))))
        if lsn == 1:
            failing_once(monkeypatch, "etl.warehouses.bigquery.mirror.Mirror._view")
            with pytest.raises(RuntimeError):
                made.read("others")
    assert made.read("others").num_rows == 2
    assert content(made) == {1: (1, "x"), 2: (2, "x")}


def test_what_bigquery_has_is_not_sent_again_because_it_could_not_tell_at_once(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(made)
    sent = len(opener.rows("things__changes"))
    opener.close()
    made = opener()
    failing_once(monkeypatch, "etl.warehouses.bigquery.mirror.Mirror._last")
    with pytest.raises(RuntimeError):
        content(made)
    assert content(made) == {1: (1, "x")}
    assert len(opener.rows("things__changes")) == sent


def test_rows_in_doubt_do_not_come_after_their_erasure(opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = opener([PERSONAL])
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(made)
    service = made._mirror._service
    with monkeypatch.context() as patch:
        patch.setattr(service, "patience", 0.0)
        patch.setattr(service, "writing", Shaky(service.writing, ["before"]))
        made.append(batch([(2, 0, UPDATE, 1, None, 0, 1, "personal data")], 2))
        with pytest.raises(google.ServiceUnavailable):
            content(made)
    made.restart()
    made.append(copy({1: (1, "personal data")}, 3, 3))
    made.append(Batch(5, control=(Erase("things", 1, 5),)))
    content(made)
    made.append(batch([(6, 0, INSERT, 2, None, 0, 2, "y")], 6))
    assert content(made) == {1: (1, None), 2: (2, "y")}
    assert "personal data" not in opener.kept("things")


def test_a_beginning_that_was_broken_off_leaves_no_rows_in_the_next(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opener()
    made.append(batch([(1, key, INSERT, key, None, 0, key, "old") for key in (1, 2, 3)], 1))
    failing_once(monkeypatch, "etl.warehouses.bigquery.mirror.Mirror._send_rows")
    with pytest.raises(RuntimeError):
        content(made)
    made.append(batch([(2, 0, DELETE, 1, None, 0, None, None), (2, 1, UPDATE, 3, None, 0, 3, "new")], 2))
    made.compact("things")
    assert content(made) == {2: (2, "old"), 3: (3, "new")}
    log = sorted((row["_op"], row["_key"]) for row in opener.rows("things__log") if row["_key"])
    assert log == [(SNAPSHOT, 2), (SNAPSHOT, 3)]
