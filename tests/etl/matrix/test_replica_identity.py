"""A table gets another replica identity than its key: deletions do not say of which row, and come back with a copy."""

import datetime as dt

import pytest

from etl.worker import publishing
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
