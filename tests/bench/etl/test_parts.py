"""The parts of the ETL's benchmark, small: what is measured is the work and nothing less."""

from pathlib import Path

import psutil
import psycopg
import pytest

from app.embedded import Stack
from bench.etl import latency, streaming
from bench.etl.copying import TABLES, copy
from bench.etl.runs import Clock
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


def test_a_copy_has_every_row(database: Operational, tmp_path: Path) -> None:
    with database.connect() as connection:
        prepare(connection)
        write_orders(connection, 700)
    assert copy(Clock(), database.url, tmp_path / "copy.duckdb") == 400
    assert TABLES == ("orders", "order_items")
