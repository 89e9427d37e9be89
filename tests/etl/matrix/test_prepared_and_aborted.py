"""Transactions that are prepared are seen when they are committed; those that are rolled back never are."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.etl.matrix.pair import Pair
from tests.servers import ServerProgram, wait_until


@pytest.fixture
def preparing(tmp_path: Path) -> Iterator[Pair]:
    """A table at a server that lets transactions be prepared."""
    with ServerProgram("start", tmp_path / "data") as program:
        url = str(program.answer["owner_url"])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter system set max_prepared_transactions = 5")
        (server,) = program.children("postgres")
        server.terminate()
        wait_until(
            "it serves again", lambda: server.pid not in map(_pid, program.children("postgres")) and _allows(url)
        )
        made = Pair(url, tmp_path)
        made.run("insert into things select n, n from generate_series(1, 10) n")
        made.start()
        yield made
        made.close()


def _pid(process: psutil.Process) -> int:
    return process.pid


def _allows(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            found = connection.execute("show max_prepared_transactions").fetchone()
    except psycopg.Error:
        return False
    return found == ("5",)


def test_a_prepared_transaction_is_seen_when_it_is_committed(preparing: Pair) -> None:
    before = preparing.expected()
    run = preparing.run
    run("begin", "update things set n = 100", "prepare transaction 'kept'")
    run("begin", "insert into things (id) values (50)", "prepare transaction 'dropped'")
    assert preparing.work is not None
    preparing.work.caught_up()
    assert preparing.found() == before
    run("rollback prepared 'dropped'", "commit prepared 'kept'", "insert into things (id) values (51)")
    preparing.in_step()
    assert preparing.query("select count(*) from raw.things__log where _key = 50") == [(0,)]


def test_an_aborted_transaction_is_never_seen(preparing: Pair) -> None:
    preparing.run("begin", "update things set n = 100", "truncate things", "rollback")
    with pytest.raises(psycopg.errors.DivisionByZero), preparing.connection.transaction():
        preparing.run("insert into things (id) values (60)", "select 1 / 0")
    preparing.run("insert into things (id) values (61)")
    preparing.in_step()
    assert preparing.query("select _key from raw.things__log where _op <> 5") == [(61,)]
