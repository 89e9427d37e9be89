"""The embedded warehouse, asked over the socket: real DuckDB, real sockets, hostile statements."""

import asyncio
import datetime as dt
import socket
import stat
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from etl.warehouses.duckdb.serving import ServiceLimits
from resolvers.warehouse.reader import (
    Limits,
    QueryFailed,
    WarehouseAbsent,
    WarehouseTimedOut,
    WarehouseTooExpensive,
    WarehouseUnavailable,
)
from resolvers.warehouse.served import ServedWarehouse
from schema.warehouse_wire import Frame, encode_frame, port_file_of, socket_of
from tests.resolvers.warehouse.conftest import served

ENDLESS = "select count(*) from range(10000000) a(i), range(10000000) b(i) where a.i + b.i = 3"
MANY = "select i, repeat('x', 1000) as filling from range(100000000) r(i)"


async def rows(reader: ServedWarehouse, sql: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await reader.query(sql, parameters)).to_pylist()
    return found


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_values_are_bound_with_their_types(reader: ServedWarehouse) -> None:
    values: dict[str, Any] = {
        "whole": 7,
        "money": Decimal("12.30"),
        "text": "'; drop table marts.numbers; --",
        "day": dt.date(2026, 2, 28),
        "moment": dt.datetime(2026, 2, 28, 12, tzinfo=dt.UTC),
        "flag": True,
        "absent": None,
    }
    asked = ", ".join(f"{reader.parameter(name)} as {name}" for name in values)
    assert await rows(reader, f"select {asked}", **values) == [values]


async def test_a_list_is_bound_as_one_value(reader: ServedWarehouse) -> None:
    condition = reader.among("i", "wanted")
    sql = f"select i from {reader.table('marts', 'numbers')} where {condition} order by i"
    assert await rows(reader, sql, wanted=[3, 5, 2000]) == [{"i": 3}, {"i": 5}]
    assert await rows(reader, sql, wanted=[]) == []


async def test_an_empty_result_has_its_columns(reader: ServedWarehouse) -> None:
    found = await reader.query("select i, q from marts.numbers where false")
    assert (found.num_rows, found.schema.names) == (0, ["i", "q"])


async def test_large_results_come_whole(reader: ServedWarehouse) -> None:
    found = await reader.query("select i, repeat('é', 500) as t from range(100000) r(i)", limits=Limits(size=2**30))
    assert found.column("i").to_pylist() == list(range(100_000))


async def test_times_are_told_in_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    try:
        with served(tmp_path) as reader:
            found = await reader.query("select timestamptz '2026-03-01 12:00:00Z' as t, current_date as d")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found.schema.field("t").type == pa.timestamp("us", "UTC")


@pytest.mark.parametrize(
    "sql",
    [
        "delete from marts.numbers",
        "insert into marts.numbers values (1, 1)",
        "update marts.numbers set i = 0",
        "with gone as (delete from marts.numbers returning i) select * from gone",
        "select nextval('marts.counter')",
        "create table marts.mine as select 1",
        "create temp table mine as select 1",
        "drop table marts.numbers",
        "copy marts.numbers to 'stolen.csv'",
        "copy (select 1) to '/tmp/stolen.parquet'",
        "export database 'stolen'",
        "attach ':memory:' as other",
        "install httpfs",
        "load httpfs",
        "pragma memory_limit='1GB'",
        "call pragma_version()",
        "set memory_limit = '1GB'",
        "set global timezone = 'America/Sao_Paulo'",
        "reset memory_limit",
        "use marts",
        "begin",
        "commit",
        "rollback",
        "checkpoint",
        "vacuum",
        "prepare x as select 1",
        "execute x",
        "explain analyze delete from marts.numbers",
        "select 1; select 2",
        "select 1; commit; delete from marts.numbers",
        "",
        "-- nothing",
        "from read_text('/etc/passwd')",
        "from read_csv('/etc/passwd')",
        "from read_blob('/proc/self/environ')",
        "from '/etc/passwd'",
        "from glob('/*')",
        "from 'https://example.com/x.parquet'",
        "from sniff_csv('/etc/passwd')",
        "from duckdb_secrets()",
        "from query('delete from marts.numbers')",
        "select * from enable_logging()",
        "pivot marts.numbers on i using sum(q)",
    ],
)
async def test_a_statement_that_does_more_than_read_is_refused(
    reader: ServedWarehouse, sql: str, tmp_path: Path
) -> None:
    with pytest.raises(QueryFailed):
        await reader.query(sql)
    assert await rows(reader, "select count(*) as n from marts.numbers") == [{"n": 1000}]
    assert await rows(reader, "select count(*) as n from duckdb_tables()") == [{"n": 1}]
    assert names_in(tmp_path) <= {"w.duckdb", "w.duckdb.wal", "w.duckdb.sock"}


@pytest.mark.parametrize(
    "sql", ["from marts.numbers", "describe marts.numbers", "summarize marts.numbers", "explain select 1", "values (1)"]
)
async def test_other_forms_of_reading_are_answered(reader: ServedWarehouse, sql: str) -> None:
    assert await rows(reader, sql)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("selec 1", "syntax error"),
        ("select nope from marts.numbers", "nope"),
        ("select * from marts.nothing", "nothing"),
        ("select cast('x' as int) from range(5)", "Could not convert"),
        ("select error('mine')", "mine"),
        ("select $missing", "missing"),
    ],
)
async def test_what_is_wrong_is_said(reader: ServedWarehouse, sql: str, reason: str) -> None:
    with pytest.raises(QueryFailed, match=reason):
        await reader.query(sql)


async def test_more_rows_or_bytes_than_allowed_are_an_error_and_not_a_part(reader: ServedWarehouse) -> None:
    assert (await reader.query("from marts.numbers", limits=Limits(rows=1000))).num_rows == 1000
    with pytest.raises(WarehouseTooExpensive, match="more than 999 rows"):
        await reader.query("from marts.numbers", limits=Limits(rows=999))
    began = time.monotonic()
    with pytest.raises(WarehouseTooExpensive, match="bytes"):
        await reader.query(MANY, limits=Limits(rows=10**9, size=10**6))
    assert time.monotonic() - began < 20


async def test_a_query_that_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    with served(tmp_path, ServiceLimits(running=1, seconds=60)) as reader:
        with pytest.raises(WarehouseTimedOut, match=r"after 0\.2 s"):
            await reader.query(ENDLESS, limits=Limits(seconds=0.2))
        # The only turn is free again.
        assert await rows(reader, "select 1 as one") == [{"one": 1}]


async def test_the_worker_s_own_limit_of_time_holds_too(tmp_path: Path) -> None:
    with served(tmp_path, ServiceLimits(seconds=0.2)) as reader, pytest.raises(WarehouseTimedOut, match=r"after 0\.2"):
        await reader.query(ENDLESS)


@pytest.mark.parametrize("sql", [ENDLESS, MANY])
async def test_giving_up_frees_the_turn(tmp_path: Path, sql: str) -> None:
    with served(tmp_path, ServiceLimits(running=1)) as reader:
        task = asyncio.create_task(reader.query(sql, limits=Limits(rows=10**9, size=10**12)))
        await asyncio.sleep(0.2)
        task.cancel()
        assert await rows(reader, "select 1 as one") == [{"one": 1}]


async def test_queries_wait_for_their_turn_and_too_many_are_told_to_come_again(tmp_path: Path) -> None:
    with served(tmp_path, ServiceLimits(running=1, waiting=1)) as reader:
        asked = [asyncio.create_task(reader.query(ENDLESS, limits=Limits(seconds=1))) for _ in range(2)]
        await asyncio.sleep(0.2)
        with pytest.raises(WarehouseUnavailable, match="too many queries"):
            await reader.query("select 1")
        ended = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in ended] == [WarehouseTimedOut] * 2


async def test_many_readers_at_once(reader: ServedWarehouse) -> None:
    found = await asyncio.gather(*(rows(reader, "select $n as n", n=n) for n in range(60)))
    assert [one[0]["n"] for one in found] == list(range(60))


async def test_a_query_sees_the_moment_at_which_it_began(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with served(tmp_path) as reader:
        owner = duckdb.connect(path)
        owner.execute("insert into marts.numbers select i, 0 from range(1000, 2000) r(i)")
        assert await rows(reader, "select count(*) as n from marts.numbers") == [{"n": 2000}]
        owner.close()


async def test_stopping_ends_what_is_running(tmp_path: Path) -> None:
    with served(tmp_path) as reader:
        task = asyncio.create_task(reader.query(ENDLESS))
        await asyncio.sleep(0.2)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    with pytest.raises(WarehouseUnavailable):
        await task
    assert not socket_of(tmp_path / "w.duckdb").exists()


async def test_without_a_worker_there_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(WarehouseAbsent, match="not running"):
        await ServedWarehouse(tmp_path / "w.duckdb").query("select 1")


async def test_what_a_killed_worker_left_is_no_hindrance(tmp_path: Path) -> None:
    left = socket_of(tmp_path / "w.duckdb")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left))
    with pytest.raises(WarehouseAbsent):
        await ServedWarehouse(tmp_path / "w.duckdb").query("select 1")
    with served(tmp_path) as reader:
        assert await rows(reader, "select 1 as one") == [{"one": 1}]


async def test_only_the_worker_s_own_user_can_ask(reader: ServedWarehouse, tmp_path: Path) -> None:
    assert stat.S_IMODE(socket_of(tmp_path / "w.duckdb").stat().st_mode) == 0o600


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A folder whose name is too long for a socket's address."""
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    return folder


async def test_a_port_and_a_token_serve_where_there_can_be_no_socket(deep: Path) -> None:
    with served(deep) as reader:
        told = port_file_of(deep / "w.duckdb")
        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        assert await rows(reader, "select 1 as one") == [{"one": 1}]
        told.write_text(told.read_text().replace('"token": "', '"token": "x'))
        with pytest.raises(QueryFailed, match="token"):
            await reader.query("select 1")
    assert not told.exists()


HOSTILE = [
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    b"Q\xff\xff\xff\xff",
    encode_frame(Frame.QUERY, b"{}") + encode_frame(Frame.PARAMETERS, b""),
    encode_frame(Frame.QUERY, b"[]") + encode_frame(Frame.PARAMETERS, b"x"),
    encode_frame(Frame.DATA, b"") * 2,
]


@pytest.mark.parametrize("sent", HOSTILE)
async def test_whatever_else_is_sent_is_refused_or_dropped(
    reader: ServedWarehouse, tmp_path: Path, sent: bytes
) -> None:
    answer, asking = await asyncio.open_unix_connection(socket_of(tmp_path / "w.duckdb"))
    asking.write(sent)
    asking.write_eof()
    assert (await answer.read())[:1] in {b"", Frame.ERROR.value}
    asking.close()
    assert await rows(reader, "select 1 as one") == [{"one": 1}]
