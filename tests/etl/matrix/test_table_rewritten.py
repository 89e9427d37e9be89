"""A table is rewritten after the moment of which a copy is, and before it is read: no row is taken for deleted."""

from collections.abc import Callable

import psycopg
import pytest

from etl.changes import CopyAgain, TableShape
from etl.sources.commands import ask_for_copy
from etl.sources.publication import present_columns
from tests.etl.matrix.pair import Pair
from tests.etl.source_log import let_go
from tests.servers import wait_until

REWRITE = "alter table things add column token uuid not null default gen_random_uuid()"
LOOK = "etl.worker.copying.present_columns"


@pytest.fixture
def rewrite_once(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let a migration come between the next copy's moment and its reading of the table."""

    def rewritten(connection: psycopg.Connection, shape: TableShape) -> list[str]:
        pair.run(REWRITE)
        monkeypatch.setattr(LOOK, present_columns)
        return present_columns(connection, shape)

    return lambda: monkeypatch.setattr(LOOK, rewritten)


def test_while_it_is_copied_beside_the_stream(
    pair: Pair, rewrite_once: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etl.worker.duties._PAUSE_AFTER_FAULT", 0.1)
    rewrite_once()
    ask_for_copy(pair.connection, CopyAgain("things", "asked"))
    work = pair.work
    assert work is not None
    wait_until("it is copied", lambda: [one["state"] for one in work.backfill.told()] == ["done"])
    pair.in_step()
    assert pair.query("select count(*) from raw.things__log where _op = 3") == [(0,)]


def test_while_all_are_copied(pair: Pair, rewrite_once: Callable[[], None]) -> None:
    pair.stop()
    let_go(pair.connection, pair.source.slot)
    rewrite_once()
    pair.start()
    pair.run("update things set n = 1 where id = 2")
    pair.in_step()
    assert pair.query("select count(*) from raw.things__log where _op = 3") == [(0,)]
