"""A transaction of any size comes in parts, and is seen when it is whole."""

import pytest

from etl.worker import streaming
from tests.etl.matrix.pair import LONG, Pair

ROWS = 20_000


def test_it_is_seen_at_once_and_exactly(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_ROWS", 3000)
    work = pair.work
    assert work is not None
    seen: set[int] = set()
    work.deliveries.listeners.append(lambda *_: seen.add(pair.query("select count(*) from raw.things")[0][0]))
    with pair.connection.transaction():
        pair.run(
            f"insert into things select n, n, n / 7.0, now(), now(), 'x' from generate_series(1001, {ROWS + 1000}) n"
        )
        pair.run(f"update things set note = {LONG % 1} where id % 1000 = 0", "update things set n = n + 1")
        pair.run("delete from things where id % 3 = 0", "update things set id = -id where id % 5 = 0")
    pair.in_step()
    assert len(seen) == 2
