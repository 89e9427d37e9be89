"""BigQuery through the gateway's interface: on the emulator, and on a stub for what that does not do."""

import asyncio
import datetime as dt
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from google.cloud.bigquery import Dataset

from resolvers.warehouse.bigquery import BigQueryReader
from resolvers.warehouse.reader import (
    Limits,
    QueryFailed,
    WarehouseTimedOut,
    WarehouseTooExpensive,
    WarehouseUnavailable,
)
from tests.bigquery_stub import Stub, stub
from tests.emulator import Emulator
from tests.servers import wait_until


@pytest.fixture
def reader(bigquery: Emulator) -> BigQueryReader:
    place = bigquery.place()
    made = BigQueryReader.at(place.project, place.dataset, endpoint=place.rest_endpoint)
    made.client.create_dataset(Dataset(f"{place.project}.{place.dataset}_marts"))
    table = made.table("marts", "numbers")
    made.client.query(f"create table {table} as select n, n / 4 as q from unnest(generate_array(0, 99)) as n").result()
    return made


@pytest.fixture
def server() -> Iterator[Stub]:
    with stub() as state:
        yield state


def reading(server: Stub) -> BigQueryReader:
    return BigQueryReader.at("test", "d", endpoint=server.url)


async def test_values_are_bound_with_their_types(reader: BigQueryReader) -> None:
    values: dict[str, Any] = {
        "whole": 7,
        "text": "'; drop table x; --",
        "day": dt.date(2026, 2, 28),
        "moment": dt.datetime(2026, 2, 28, 12, tzinfo=dt.UTC),
        "flag": True,
        "half": 0.5,
        "absent": None,
    }
    asked = ", ".join(f"{reader.parameter(name)} as {name}" for name in values)
    assert (await reader.query(f"select {asked}", values)).to_pylist() == [values]
    money = await reader.query("select @money as money", {"money": Decimal("12.30")})
    assert money.to_pylist() == [{"money": Decimal("12.3")}]


async def test_a_list_is_bound_as_one_value(reader: BigQueryReader) -> None:
    sql = f"select n from {reader.table('marts', 'numbers')} where {reader.among('n', 'wanted')} order by n"
    assert (await reader.query(sql, {"wanted": [3, 5, 2000]})).to_pylist() == [{"n": 3}, {"n": 5}]
    assert (await reader.query(sql, {"wanted": []})).to_pylist() == []


@pytest.mark.parametrize(
    "sql",
    [
        "delete from {table} where true",
        "insert into {table} (n) values (1)",
        "create or replace table {table} as select 1 as n",
        "drop table {table}",
        "update {table} set n = 0 where true",
        "truncate table {table}",
    ],
)
async def test_a_statement_that_does_more_than_read_is_refused(reader: BigQueryReader, sql: str) -> None:
    table = reader.table("marts", "numbers")
    with pytest.raises(QueryFailed, match="refused"):
        await reader.query(sql.format(table=table))
    assert (await reader.query(f"select count(*) as c, sum(n) as s from {table}")).to_pylist() == [
        {"c": 100, "s": 4950}
    ]


async def test_what_is_wrong_is_said(reader: BigQueryReader) -> None:
    numbers, nothing = reader.table("marts", "numbers"), reader.table("marts", "nothing")
    for sql in ("selec 1", f"select nope from {numbers}", f"select * from {nothing}"):
        with pytest.raises(QueryFailed):
            await reader.query(sql)
    with pytest.raises(QueryFailed, match="set can't be bound"):
        await reader.query("select @x as x", {"x": {1}})


async def test_more_rows_or_bytes_than_allowed_are_an_error(reader: BigQueryReader) -> None:
    sql = f"select n from {reader.table('marts', 'numbers')}"
    with pytest.raises(WarehouseTooExpensive, match="more than 99 rows"):
        await reader.query(sql, limits=Limits(rows=99))
    with pytest.raises(WarehouseTooExpensive, match="more than 10 bytes"):
        await reader.query(sql, limits=Limits(size=10))


async def test_every_query_is_labelled_and_bounded(server: Stub) -> None:
    reader = reading(server)
    for _ in range(2):
        assert (await reader.query("select 1 as n", limits=Limits(billed=12_345_678))).to_pylist() == [{"n": 1}]
    dry, *run = server.asked
    assert dry["configuration"]["dryRun"]
    assert len(run) == 2
    for asked in run:
        assert asked["configuration"]["query"]["maximumBytesBilled"] == "12345678"
        assert asked["configuration"]["labels"] == {"application": "cienty-gateway", "part": "gateway"}
        assert asked["configuration"]["jobTimeoutMs"] == "30000"


async def test_nothing_runs_that_the_dry_run_does_not_call_reading(server: Stub) -> None:
    server.kind = "SCRIPT"
    with pytest.raises(QueryFailed, match="SCRIPT is refused"):
        await reading(server).query("begin select 1; end")
    assert server.jobs == {}


@pytest.mark.parametrize(
    ("problem", "kind", "message"),
    [
        ((400, "bytesBilledLimitExceeded"), WarehouseTooExpensive, "narrow it by a partition"),
        ((400, "invalidQuery"), QueryFailed, "because of invalidQuery"),
        ((404, "notFound"), QueryFailed, "notFound"),
        ((403, "accessDenied"), WarehouseUnavailable, "dataViewer"),
        ((403, "quotaExceeded"), WarehouseUnavailable, "try again later"),
    ],
)
async def test_faults_are_told_by_what_to_do(
    server: Stub, problem: tuple[int, str], kind: type[Exception], message: str
) -> None:
    server.problem = problem
    with pytest.raises(kind, match=message):
        await reading(server).query("select 1 as n")


async def test_nobody_answering_is_no_wait_for_ever() -> None:
    reader = BigQueryReader.at("test", "d", endpoint="http://127.0.0.1:1")
    with pytest.raises((WarehouseUnavailable, WarehouseTimedOut)):
        await reader.query("select 1", limits=Limits(seconds=0.5))


async def test_a_query_that_takes_too_long_is_cancelled(server: Stub) -> None:
    server.is_slow = True
    with pytest.raises(WarehouseTimedOut, match=r"after 0\.3 s"):
        await reading(server).query("select 1 as n", limits=Limits(seconds=0.3))
    assert server.cancelled == list(server.jobs)


async def test_giving_up_cancels_the_query(server: Stub) -> None:
    server.is_slow = True
    task = asyncio.create_task(reading(server).query("select 1 as n", limits=Limits(seconds=30)))
    await asyncio.to_thread(wait_until, "the query runs", lambda: server.jobs)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(server.cancelled) == set(server.jobs)


@pytest.mark.parametrize("deafness", [(404, "notFound"), (503, "unavailable")])
async def test_giving_up_is_no_fault_where_bigquery_does_not_hear_of_it(
    server: Stub, deafness: tuple[int, str]
) -> None:
    server.is_slow, server.deafness = True, deafness
    task = asyncio.create_task(reading(server).query("select 1 as n"))
    await asyncio.to_thread(wait_until, "the query runs", lambda: server.jobs)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_query_that_was_given_up_before_it_began_does_not_run_on(server: Stub) -> None:
    server.is_slow, server.seconds = True, 0.3
    task = asyncio.create_task(reading(server).query("select 1 as n"))
    await asyncio.to_thread(wait_until, "a request is under way", lambda: server.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, "the job was begun", lambda: server.jobs)
    await asyncio.to_thread(wait_until, "it was cancelled", lambda: set(server.cancelled) == set(server.jobs), 5.0)


async def test_the_time_is_that_of_all_steps_together(server: Stub) -> None:
    server.seconds = 0.4
    began = time.monotonic()
    with pytest.raises(WarehouseTimedOut, match=r"after 0\.5 s"):
        await reading(server).query("select 1 as n", limits=Limits(seconds=0.5))
    assert time.monotonic() - began < 1.5


async def test_no_more_is_fetched_than_a_result_may_have(server: Stub) -> None:
    server.pages, server.cell = 100, "x" * 1000
    whole = await reading(server).query("select n", limits=Limits(size=200_000))
    assert (whole.num_rows, server.read) == (100, 100)
    server.read = 0
    with pytest.raises(WarehouseTooExpensive, match="more than 5,000 bytes"):
        await reading(server).query("select n", limits=Limits(size=5_000))
    assert server.read < 10


async def test_queries_that_wait_hold_up_nothing_else(server: Stub) -> None:
    server.is_slow = True
    reader = reading(server)
    tasks = [asyncio.create_task(reader.query("select 1 as n")) for _ in range(60)]
    await asyncio.to_thread(wait_until, "some run", lambda: len(server.jobs) > 3)
    async with asyncio.timeout(5):
        await asyncio.to_thread(lambda: None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.to_thread(wait_until, "those are cancelled", lambda: set(server.cancelled) == set(server.jobs))
