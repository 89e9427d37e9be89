"""A table gets another replica identity than its key: deletions do not say of which row, and come back with a copy."""

import datetime as dt

import pytest

from etl.worker import publishing
from etl.worker.backfill import Backfill
from tests.etl.matrix.pair import Pair
from tests.servers import wait_until

ANOTHER = (
    "alter table things alter n set not null",
    "create unique index things_n on things (n)",
    "alter table things replica identity using index things_n",
)
BACK = "alter table things replica identity default"


def test_while_the_worker_streams(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(publishing, "_EVERY", dt.timedelta(seconds=1))
    pair.in_step()
    pair.run(*ANOTHER, "delete from things where id = 1")
    wait_until("it is told", lambda: "things has replica identity using an index" in caplog.text)
    wait_until("a copy has the first one", lambda: pair.found() == pair.expected())
    pair.run("delete from things where id = 2", BACK)
    wait_until("a copy has the others", lambda: pair.found() == pair.expected())
    pair.run("delete from things where id = 3")
    pair.in_step()


def test_while_the_worker_is_away(pair: Pair) -> None:
    pair.in_step()
    pair.stop()
    pair.run(*ANOTHER, "delete from things where id = 1", BACK)
    pair.start()
    wait_until("a copy has it", lambda: pair.found() == pair.expected())
    pair.in_step()


def test_while_the_worker_is_away_after_deletions_that_it_missed(pair: Pair) -> None:
    pair.in_step()
    pair.run(*ANOTHER, "delete from things where id = 1")
    wait_until("a copy has the first one", lambda: pair.found() == pair.expected())
    pair.run("delete from things where id = 2", "update things set note = 'seen' where id = 3")
    _catch_up(pair)
    pair.stop()
    pair.run(BACK)
    pair.start()
    wait_until("a copy has the second one", lambda: pair.found() == pair.expected())
    pair.in_step()


def test_a_worker_that_ends_before_it_has_copied(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.in_step()
    with monkeypatch.context() as patched:
        patched.setattr(Backfill, "due", lambda *_: False)
        pair.run(*ANOTHER, "delete from things where id = 1", BACK, "update things set note = 'seen' where id = 3")
        _catch_up(pair)
        pair.stop()
    pair.start()
    wait_until("a copy has it", lambda: pair.found() == pair.expected())


def _catch_up(pair: Pair) -> None:
    assert pair.work is not None
    pair.work.caught_up()
