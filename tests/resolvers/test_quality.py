"""Results of checks in the graph, read from a file that another process has open and serves."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import duckdb
import pytest
import pytest_asyncio
from graphql import GraphQLEnumType

from app.embedded import Stack
from etl.quality.check import Check, Finding, Kind, Severity, Status, failed, judged
from etl.quality.keeping import keep_findings, prepare_results
from etl.warehouses.duckdb.serving import ServiceLimits, serve_queries
from resolvers.quality import QualityResults
from resolvers.reference.resolvers import ReferenceResolvers
from resolvers.warehouse.served import ServedWarehouse
from schema.derive.build import build
from schema.derive.quality import HISTORY_SIZE
from security.principal import Principal
from security.roles import Role
from tests.graph import Asking, asking, serving_url
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH

NULLS = Check(Kind.NOT_NULL, "raw.orders", "total")
DATES = Check(Kind.RANGE, "raw.orders", "shipped_at", Severity.WARN, tolerated=2)
SHAPE = Check(Kind.SCHEMA, "raw.orders")
OLD = Check(Kind.SCHEMA, "raw.abolished")
NEWEST = dt.datetime(2026, 3, 10, 6, 30, tzinfo=dt.UTC)
FIELDS = "{ name kind table column severity status examined violations tolerated at detail }"
LAST = f"{{ qualityChecks {FIELDS} }}"
HISTORY = f"query($name: String!, $first: Int) {{ qualityHistory(name: $name, first: $first) {FIELDS} }}"
NAMES = "{ qualityChecks { name } }"


def runs() -> Iterator[tuple[dt.datetime, list[Finding]]]:
    yield NEWEST - dt.timedelta(days=31), [judged(OLD, 1, 0)]
    for back in range(HISTORY_SIZE + 4, 0, -1):
        yield NEWEST - dt.timedelta(hours=back), [judged(NULLS, 5_000_000_000, back), failed(SHAPE, "no such table")]
    yield NEWEST, [judged(NULLS, 9, 0), judged(DATES, 100, 2)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "w.duckdb"


@pytest.fixture
def warehouse(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse that is served as the worker serves it."""
    with duckdb.connect(file) as connection, serve_queries(connection, file, ServiceLimits()):
        yield connection


@pytest.fixture
def checked(warehouse: duckdb.DuckDBPyConnection) -> None:
    prepare_results(warehouse)
    for at, findings in runs():
        keep_findings(warehouse, findings, at)


@pytest_asyncio.fixture(params=["reference", "compiled"])
async def ask(file: Path, stack: Stack, sample_database: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    quality = QualityResults(lambda: ServedWarehouse(file))
    url, is_compiling = serving_url(stack, sample_database), request.param == "compiled"
    async with asking(url, compiling=is_compiling, quality=quality) as made:
        yield made
    await quality.close()


@pytest.mark.usefixtures("checked")
async def test_the_last_result_of_each_check_is_told_but_of_those_that_run_no_more(ask: Asking) -> None:
    told = await ask(LAST)
    of_orders = {"table": "raw.orders", "detail": None}
    assert told.data["qualityChecks"] == [
        of_orders
        | {"name": NULLS.name, "kind": "not null", "column": "total", "severity": "FAIL", "status": "PASS"}
        | {"examined": "9", "violations": "0", "tolerated": "0", "at": "2026-03-10T06:30:00+00:00"},
        of_orders
        | {"name": DATES.name, "kind": "range", "column": "shipped_at", "severity": "WARN", "status": "PASS"}
        | {"examined": "100", "violations": "2", "tolerated": "2", "at": "2026-03-10T06:30:00+00:00"},
        of_orders
        | {"name": SHAPE.name, "kind": "schema", "column": None, "severity": "FAIL", "status": "ERROR"}
        | {"examined": None, "violations": None, "tolerated": "0", "at": "2026-03-10T05:30:00+00:00"}
        | {"detail": "no such table"},
    ]
    assert told.statements == []


@pytest.mark.usefixtures("checked")
async def test_the_history_of_a_check_has_the_newest_first(ask: Asking) -> None:
    told = (await ask(HISTORY, variables={"name": NULLS.name, "first": 3})).data["qualityHistory"]
    assert [(one["status"], one["violations"]) for one in told] == [("PASS", "0"), ("FAIL", "1"), ("FAIL", "2")]
    assert told[1]["examined"] == "5000000000"
    assert len((await ask(HISTORY, variables={"name": NULLS.name})).data["qualityHistory"]) == HISTORY_SIZE
    assert (await ask(HISTORY, variables={"name": "' or true --"})).data == {"qualityHistory": []}


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("first", [0, -1, 1001])
async def test_a_history_has_an_end(ask: Asking, first: int) -> None:
    told = await ask(HISTORY, variables={"name": NULLS.name, "first": first})
    assert told.refusal == "BAD_USER_INPUT"
    assert told.errors[0]["message"] == f"`first: {first}` is out of range: ask for 1 to 1,000 results."


@pytest.mark.usefixtures("checked")
async def test_results_stand_beside_rows_of_the_database(ask: Asking) -> None:
    told = await ask("{ categories(first: 1) { nodes { name } } qualityChecks { status } }")
    assert list(told.data) == ["categories", "qualityChecks"]
    assert told.data["qualityChecks"] == [{"status": "PASS"}, {"status": "PASS"}, {"status": "ERROR"}]


@pytest.mark.usefixtures("warehouse")
async def test_a_warehouse_that_was_never_checked_has_no_results(ask: Asking) -> None:
    assert (await ask(NAMES)).data == {"qualityChecks": []}


async def test_without_a_worker_they_are_unavailable(ask: Asking) -> None:
    told = await ask(NAMES)
    assert (told.refusal, told.status, told.answer.retry_after) == ("UNAVAILABLE", 503, 1)
    assert told.errors[0]["message"] == (
        "The warehouse does not answer: its worker is starting, or does not run beside this gateway."
    )


async def test_a_gateway_that_knows_no_warehouse_says_the_same(ask_reference: Asking) -> None:
    assert (await ask_reference(NAMES)).refusal == "UNAVAILABLE"


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("role", Role)
async def test_who_is_told(ask: Asking, role: Role) -> None:
    told = await ask(NAMES, Principal("somebody", frozenset({role}), regions=("Sul",), customer_id=1))
    if role in (Role.ADMIN, Role.OPERATIONS, Role.ANALYST):
        assert len(told.data["qualityChecks"]) == 3
    else:
        assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
        assert told.errors[0]["message"].startswith("Cannot query field 'qualityChecks' on type 'Query'.")


async def test_scopes_can_take_it_away(ask: Asking) -> None:
    narrowed = Principal("somebody", frozenset({Role.ADMIN}), frozenset({"orders:read"}))
    assert (await ask(NAMES, narrowed)).refusal == "GRAPHQL_VALIDATION_FAILED"
    assert ADMIN.principal.capabilities.has("quality:read")


def test_the_graph_has_the_words_of_the_checks() -> None:
    types = build(GRAPH, ReferenceResolvers())._schema.type_map
    for name, words in (("QualityStatus", Status), ("QualitySeverity", Severity)):
        found = types[name]
        assert isinstance(found, GraphQLEnumType)
        assert set(found.values) == {word.name for word in words}
        assert {word.name.lower() for word in words} == {word.value for word in words}
