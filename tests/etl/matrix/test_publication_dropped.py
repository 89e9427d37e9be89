"""What a publication loses, be it all, a table or a column, is not sent: what is missed meanwhile is copied again."""

import datetime as dt

import pytest

from etl.worker import publishing
from tests.etl.matrix.pair import Pair
from tests.servers import wait_until


def test_dropped_while_the_worker_is_away(pair: Pair) -> None:
    pair.in_step()
    pair.stop()
    pair.run(
        f'drop publication "{pair.source.publication}"', "update things set n = -n", "delete from things where id = 1"
    )
    work = pair.start()
    wait_until("it has what was missed", lambda: pair.found() == pair.expected())
    pair.run("update things set n = 5 where id = 2")
    pair.in_step()
    assert work.pipeline.standing.losses <= 1


WITHOUT_A_COLUMN = "alter publication {} set table things (id, amount, at, day, note), gateway_command"


@pytest.mark.parametrize("taken", ["drop publication {}", "alter publication {} drop table things", WITHOUT_A_COLUMN])
def test_taken_away_while_the_worker_streams(pair: Pair, monkeypatch: pytest.MonkeyPatch, taken: str) -> None:
    monkeypatch.setattr(publishing, "_EVERY", dt.timedelta(seconds=1))
    pair.in_step()
    pair.run(
        taken.format(f'"{pair.source.publication}"'), "update things set n = -n", "delete from things where id = 1"
    )
    wait_until("it has what was missed", lambda: pair.found() == pair.expected())
    pair.run("update things set n = 5 where id = 2")
    pair.in_step()
