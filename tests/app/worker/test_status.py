"""What the warehouse says of itself, for the command and for the metrics."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

import pytest
from prometheus_client import CollectorRegistry

from app.cli.etl.status import _in_words
from app.worker.inventory import Inventory
from app.worker.status import Row, Tolerated, look_at_warehouse
from etl.batch.history import History, Kind
from etl.changes import Batch, DeadLetter
from etl.quality.keeping import prepare_results
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from tests.etl.warehouses.things import INSERT, SHAPE, batch, warehouse

LETTER = DeadLetter("things", 8, 0, 9, "a", "out of range", b"?")
RESULT = "insert into pipeline.check_result (run_id, checked_at, check_name, status) values (?, ?, ?, ?)"


@pytest.fixture
def filled() -> DuckDBWarehouse:
    made = warehouse()
    made.append(batch([(7, n, INSERT, n, None, 0, n, "x") for n in range(3)], 7))
    made.append(Batch(8, dead=[LETTER]))
    history = History(made.connection)
    for is_good in (False, True):
        with history.noted(Kind.MODELS, "schedule") as note:
            note.ended(good=is_good, rows=5)
    with history.noted(Kind.CHECKS, "command") as note:
        note.ended(good=False, rows=2, detail="2 checks failed")
    prepare_results(made.connection)
    for run, name, status in (("old", "a", "fail"), ("new", "a", "pass"), ("new", "b", "fail"), ("new", "c", "pass")):
        at = dt.datetime(2026, 1, 1 if run == "old" else 2, tzinfo=dt.UTC)
        made.connection.execute(RESULT, [run, at, name, status])
    made.connection.execute("update pipeline.check_result set violations = 2, tolerated = 3 where check_name = 'c'")
    return made


def test_the_status_has_rows_letters_checks_jobs_and_alarms(filled: DuckDBWarehouse) -> None:
    def ask(sql: str) -> Sequence[Row]:
        rows: list[Row] = filled.connection.cursor().sql(sql).to_arrow_table().to_pylist()
        return rows

    found = look_at_warehouse(ask, [SHAPE])
    assert found.position == 8
    (table,) = found.tables
    assert (table.rows, table.dead_letters, list(table.lacks)) == (3, 1, ["a: out of range"])
    assert found.checks == {"pass": ["a", "c"], "fail": ["b"]}
    assert list(found.tolerated) == [Tolerated("c", 2, 3)]
    assert [run.kind for run in found.runs] == ["checks", "models", "models"]
    assert found.alarms == ["the last run of checks failed: 2 checks failed"]
    told = {
        "worker": None,
        "position": found.position,
        "lag_bytes": 5,
        "slot": {"name": "s"},
        "alarms": found.alarms,
        "checks": found.checks,
        "tolerated": [asdict(one) for one in found.tolerated],
        "tables": [{"table": "things", "rows": 3, "dead_letters": 1, "lacks": table.lacks}],
        "runs": [],
    }
    text = _in_words(told)
    assert "things lacks a: out of range" in text
    assert "checks     1 fail, 2 pass\n  b\n  c: 2 of 3 tolerated" in text


def test_the_same_is_told_as_metrics(filled: DuckDBWarehouse) -> None:
    registry, inventory = CollectorRegistry(), Inventory(filled.connection, [SHAPE])
    registry.register(inventory)
    assert inventory.due(dt.datetime.now(dt.UTC))
    inventory.run()
    assert not inventory.due(dt.datetime.now(dt.UTC))
    assert registry.get_sample_value("gateway_etl_rows", {"table": "things"}) == 3
    assert registry.get_sample_value("gateway_etl_dead_letters_waiting", {"table": "things"}) == 1
    assert registry.get_sample_value("gateway_etl_last_job_good", {"kind": "models"}) == 1
    assert registry.get_sample_value("gateway_etl_last_job_good", {"kind": "checks"}) == 0


def test_an_empty_warehouse_has_nothing(tmp_path: object) -> None:
    assert look_at_warehouse(lambda _: [], [SHAPE]).tables == ()
