"""Commands in the log: those are heard who may write their table, and nobody else, whatever they write into the log."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.embedded import Stack
from etl.changes import Batch
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.command_table import ERASE
from tests.etl.worker.working import SHAPES, Work, forget, source_of, working
from tests.graph import serving_url
from tests.servers import wait_until

CUSTOMERS = [shape for shape in SHAPES if shape.table in {"customers", "customer_tiers"}]
EMIT = "select pg_logical_emit_message(%s, %s, %s)"


@pytest.fixture
def work(migrated_database: str, tmp_path: Path) -> Iterator[Work]:
    with working(migrated_database, tmp_path / "w.duckdb", CUSTOMERS) as work:
        work.execute(
            "insert into customers (name, cnpj, region) values ('one', '00000000000001', 'Sul'),"
            " ('two', '00000000000002', 'Sul')"
        )
        work.caught_up()
        yield work


def erased(work: Work) -> list[int]:
    """Return the customers whose personal data is gone, in the history too."""
    work.caught_up()
    rows = work.rows("select distinct id from raw.customers__log where cnpj is null order by id")
    return [key for (key,) in rows]


def test_a_stranger_commands_nothing(work: Work, stack: Stack, migrated_database: str) -> None:
    """PostgreSQL lets everybody who may connect write messages into the log, here the role that serves."""
    with psycopg.connect(serving_url(stack, migrated_database), autocommit=True) as stranger:
        for is_transactional in (True, False):
            stranger.execute(EMIT, [is_transactional, "cienty.erase", json.dumps({"table": "customers", "key": 1})])
            copy = {"table": "customers", "id": "mine", "low": None, "high": None}
            stranger.execute(EMIT, [is_transactional, "cienty.copy", json.dumps(copy)])
        for statement in (
            "insert into gateway_command (command, about, key) values ('erase', 'customers', 1)",
            "update gateway_command set about = 'customers'",
            "select from gateway_command",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                stranger.execute(statement)
    assert erased(work) == []
    assert [told for told in work.backfill.told() if told["id"] == "mine"] == []


def test_the_owner_commands_and_whom_it_lets(work: Work, stack: Stack, migrated_database: str) -> None:
    work.execute(ERASE, ["customers", 1])
    assert erased(work) == [1]
    work.execute("grant insert on gateway_command to gateway")
    with psycopg.connect(serving_url(stack, migrated_database)) as granted:
        granted.execute(ERASE, ["customers", 2])
    assert erased(work) == [1, 2]


def test_what_was_commanded_while_nobody_could_hear_is_heard_later(work: Work) -> None:
    work.execute(
        f'alter publication "{work.source.publication}" drop table gateway_command;'
        " insert into gateway_command (command, about, key) values ('erase', 'customers', 1)"
    )
    wait_until("the publication is mended and the erasure heard", lambda: erased(work) == [1], 60)


def test_an_erasure_that_is_given_again_takes_nothing_that_the_source_has(work: Work) -> None:
    """The row was made anonymous, as its columns allow: a number of nobody stands in place of the customer's."""
    work.execute("update customers set cnpj = 'nobody' where id = 1")
    work.execute(ERASE, ["customers", 1])
    assert erased(work) == [1]
    work.execute(f'alter publication "{work.source.publication}" drop table gateway_command')

    def is_copied() -> bool:
        told = [one for one in work.backfill.told() if str(one["id"]).startswith("erased:customers:")]
        return bool(told) and told[0]["state"] == "done"

    wait_until("the erasure is given again, and its table copied", is_copied, 60)
    work.caught_up()
    assert work.rows("select cnpj from raw.customers where id = 1") == [("nobody",)]


def test_a_worker_killed_behind_its_first_copy_hears_earlier_erasures(
    migrated_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, path = source_of(migrated_database), tmp_path / "w.duckdb"
    with psycopg.connect(migrated_database) as owner:
        owner.execute("insert into customers (name, cnpj, region) values ('one', '00000000000001', 'Sul')")
        owner.execute(ERASE, ["customers", 1])
    first = Work(source, path, CUSTOMERS)

    def killed(batch: Batch) -> None:
        DuckDBWarehouse.append(first.warehouse, batch)
        if batch.through:
            raise SystemExit

    monkeypatch.setattr(first.warehouse, "append", killed)
    with pytest.raises(SystemExit):
        first.pipeline.run(threading.Event())
    first.warehouse.close()
    second = Work(source, path, CUSTOMERS)
    second.start()
    wait_until("the erasure is heard", lambda: second.rows("select key from raw.erased") == [(1,)], 60)
    second.stop()
    forget(source)


@pytest.mark.parametrize(
    "values",
    [
        "('erase', 'customers', null, null, null, null)",
        "('copy', 'customers', null, 1, null, 'x')",
        "('copy', 'customers', null, null, null, null)",
        "('drop', 'customers', 1, null, null, null)",
    ],
)
def test_a_command_that_says_nothing_is_refused(migrated_database: str, values: str) -> None:
    statement = f"insert into gateway_command (command, about, key, low, high, request) values {values}"
    with psycopg.connect(migrated_database) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute(statement.encode())
