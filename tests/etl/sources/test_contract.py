"""The contract of sources: the same writes give the same tables in the warehouse, through each of them."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from etl.changes import TableShape
from etl.sources.debezium.source import Debezium, Topics
from etl.sources.interface import Source
from etl.sources.poll.schedule import Pace
from etl.sources.poll.source import Poll
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from etl.worker.feeding import Feeding
from tests.etl.command_table import COMMAND_TABLE
from tests.etl.sources.connector import Connector, Kafka
from tests.etl.sources.recording import shape_of, streaming
from tests.etl.worker.working import working
from tests.servers import wait_until

AT = pa.timestamp("us", "UTC")
THINGS = shape_of(
    "things",
    id=pa.int64(),
    text=pa.string(),
    long=pa.string(),
    amount=pa.decimal128(14, 2),
    at=AT,
    day=pa.date32(),
    is_on=pa.bool_(),
    number=pa.int32(),
    document=pa.string(),
    updated_at=AT,
)
PLAIN = shape_of("plain", id=pa.int64(), text=pa.string())
SHAPES = (THINGS, PLAIN)
LONG = "(select string_agg(md5(n::text), '') from generate_series(1, 300) n)"
TABLES = """
create table things (id bigint primary key, text text, long text, amount numeric(14, 2), at timestamptz, day date,
    is_on bool, number int, document jsonb, updated_at timestamptz default now());
alter table things alter long set storage external;
create table plain (id bigint primary key, text text);
insert into things (id, text) values (1, 'there before');
insert into plain select n, 'p' || n from generate_series(1, 20) n;
"""
STEPS = (
    f"""insert into things values
    (2, 'São João ✓', {LONG}, 123456789012.34, '2024-02-29 23:59:59.999999-03', '0001-01-01', true, -2147483648,
     '{{"a": [1, null]}}', now()),
    (3, '', null, -0.05, '1969-12-31 23:59:59.999999Z', '9999-12-31', false, 2147483647, '"x"', now()),
    (4, null, null, null, null, null, null, null, null, now()), (5, 'a', {LONG}, 0, now(), '1970-01-01', null, 0,
     'null', now())""",
    "update things set text = 'changed', number = 7, updated_at = now() where id in (1, 2)",
    """update plain set text = upper(text) where id % 3 = 0; delete from plain where id in (1, 2);
    insert into plain values (100, null)""",
    "delete from things where id = 3; insert into things (id, text, updated_at) values (3, 'again', now())",
    "update things set id = 50, updated_at = now() where id = 2",
    "begin; insert into things (id) values (60); rollback",
    "delete from things where id in (4, 5)",
)


@dataclass
class Fed:
    """A warehouse that is kept in step with a database.

    `settle` lets everything be found that this source finds only at its times.
    """

    warehouse: DuckDBWarehouse
    settle: Callable[[], None]


class Running:
    """A feed in a thread."""

    def __init__(self, source: Source, path: Path) -> None:
        self._source = source
        self.warehouse = DuckDBWarehouse(path)
        self.warehouse.prepare(source.shapes)
        self._start()

    def settle(self) -> None:
        """Begin anew: a start is followed by every comparison."""
        self._end()
        self._start()

    def close(self) -> None:
        self._end()
        self.warehouse.close()

    def _start(self) -> None:
        self._stop = threading.Event()
        feeding = Feeding(self._source, self.warehouse, lambda *_: None)
        self._thread = threading.Thread(target=feeding.run, args=[self._stop], daemon=True)
        self._thread.start()

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@contextmanager
def by_log(url: str, path: Path) -> Iterator[Fed]:
    with working(url, path, SHAPES) as work:
        yield Fed(work.warehouse, lambda: None)


@contextmanager
def by_poll(url: str, path: Path) -> Iterator[Fed]:
    running = Running(Poll(url, SHAPES, Pace(dt.timedelta(seconds=0.1), compared=dt.timedelta(0))), path)
    yield Fed(running.warehouse, running.settle)
    running.close()


@contextmanager
def by_debezium(url: str, path: Path) -> Iterator[Fed]:
    kafka = Kafka()
    connector = Connector(kafka, "cienty.public")
    kafka.make(*(f"cienty.public.{shape.table}" for shape in SHAPES))
    running = Running(Debezium(Topics(kafka.servers, "cienty.public", "warehouse"), SHAPES), path)
    with streaming(url, *SHAPES) as source:
        for shape in SHAPES:
            source.connection.execute(f"update {shape.table} set id = id")

        def connect() -> None:
            for row in source.changes():
                connector.write(source.shapes[row["table"]], row)

        yield Fed(running.warehouse, connect)
    running.close()


SOURCES = {"postgres_wal": by_log, "poll": by_poll, "debezium": by_debezium}


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_writes_give_the_same_tables(empty_database: str, tmp_path: Path, name: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"{COMMAND_TABLE}{TABLES}".encode())
        with SOURCES[name](empty_database, tmp_path / "warehouse.duckdb") as fed:
            for step in STEPS:
                for statement in step.split("; ") if step.startswith("begin") else [step]:
                    connection.execute(statement)
                fed.settle()
                for shape in SHAPES:
                    wait_until(
                        f"{shape.table} is the same after: {step[:40]}",
                        partial(is_in_step, fed.warehouse, connection, shape),
                    )
            assert fed.warehouse.letters() == []


def is_in_step(warehouse: DuckDBWarehouse, connection: psycopg.Connection, shape: TableShape) -> bool:
    return landed(warehouse, shape.table) == there(connection, shape)


def there(connection: psycopg.Connection, shape: TableShape) -> list[Any]:
    names = ", ".join(f"{name}::text" if name == "document" else name for name in shape.names)
    return connection.execute(f"select {names} from {shape.table} order by id").fetchall()


def landed(warehouse: DuckDBWarehouse, table: str) -> list[Any]:
    return [tuple(row.values()) for row in warehouse.read(table).sort_by("id").to_pylist()]
