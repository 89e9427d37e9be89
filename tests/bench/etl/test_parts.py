"""The parts of the ETL's benchmark, small: what is measured is the work and nothing less."""

import os
from pathlib import Path

import psutil
import psycopg
import pytest

from app.embedded import Stack
from bench.etl import copying, latency, streaming
from bench.etl.copying import TABLES, copy
from bench.etl.runs import Clock, Run
from bench.etl.source import PUBLICATION, SHAPES, Operational
from bench.etl.writing import prepare, write_orders
from etl.sources.publication import publish


@pytest.fixture
def database(stack: Stack, migrated_database: str) -> Operational:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        publish(connection, PUBLICATION, SHAPES.values())
    return Operational(migrated_database, psutil.Process().children()[0].pid)


def silent(_: str) -> None:
    """Say nothing."""


def test_both_readers_of_a_slot_get_all_changes(database: Operational) -> None:
    found = streaming.measure(database, 700, 1, silent)
    assert [found[kind]["changes"] for kind in ("orders", "bulk")] == [700, 700]
    assert all(found[kind][who]["changes_per_s"] > 0 for kind in found for who in ("gateway", "pg_recvlogical"))


def test_each_order_is_waited_for(database: Operational) -> None:
    found = latency.measure(database, 50, 1, silent)
    assert found["counted"] == 40
    assert 0 < found["p50_ms"] <= found["p99_ms"]


def test_both_copies_are_measured_and_what_others_take_meanwhile(database: Operational) -> None:
    found = copying.measure(database, 400, 1, silent)
    for who in ("psql", "gateway"):
        assert found[who]["rows_per_s"] == found[who]["rounds"][0] > 0
        assert 0 <= found[who]["of_others"][0] <= 1


@pytest.mark.parametrize(("machine", "part"), [(10.0, 0.5), (5.0, 0.0), (4.0, 0.0)])
def test_what_others_take_is_what_neither_reader_nor_database_does(
    monkeypatch: pytest.MonkeyPatch, machine: float, part: float
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert copying.Round(Run(5, 3, machine), 2).of_others == part


def test_a_copy_has_every_row(database: Operational, tmp_path: Path) -> None:
    with database.connect() as connection:
        prepare(connection)
        write_orders(connection, 700)
    assert copy(Clock(), database.url, tmp_path / "copy.duckdb") == 400
    assert TABLES == ("orders", "order_items")
