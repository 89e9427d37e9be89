"""What is kept between operations has bounds, whatever is asked."""

import asyncio
import gc
import time
import weakref
from dataclasses import replace

import pytest
from graphql import GraphQLSchema

from resolvers import documents, schemas
from resolvers.compiled import operation
from resolvers.documents import Prepared
from resolvers.engine import Engine, Operation
from schema.global_id import global_id
from security.budgets import Budgets, budgets
from security.budgets.local import LocalBuckets
from security.capabilities import Capabilities
from security.principal import Principal
from security.roles import Role
from tests.graph import LIMITS, Asking, new_engine
from tests.model.viewers import ADMIN, SALES
from tests.model.world import GRAPH


async def test_documents(ask_unguarded: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Engine = ask_unguarded.engine
    monkeypatch.setattr(documents, "_MOST", len(engine._documents._kept) + 5)
    for number in range(20):
        await engine.execute(Operation(f"{{ a{number}: __typename }}"), ADMIN.principal)
    assert len(engine._documents._kept) == documents._MOST


async def test_documents_are_kept_by_their_size(ask_unguarded: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MOST_CHARACTERS", 1_000)
    engine, kept = ask_unguarded.engine, ask_unguarded.engine._documents
    for number in range(20):
        for _ in range(2):
            await engine.execute(Operation(f"{{ a{number}: __typename {' ' * 190} }}"), ADMIN.principal)
    assert kept.size == 4
    kept.forget(await engine._schemas.seen_by(ADMIN.principal.capabilities))
    assert (kept.size, kept._characters) == (0, 0)


async def test_plans_of_a_document(ask_unguarded: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operation, "_MOST_PLANS", 5)
    engine: Engine = ask_unguarded.engine
    document = "query ($where: CategoryFilter) { categories(where: $where) { totalCount } }"
    for number in range(20):
        await engine.execute(Operation(document, None, {"where": {"and": [{}] * number}}), ADMIN.principal)
    seen = await engine._schemas.seen_by(ADMIN.principal.capabilities)
    prepared = engine._documents.prepare(document, None, seen, may_write=True)
    assert isinstance(prepared, Prepared)
    assert prepared.compiled is None or len(prepared.compiled._plans) == 5


async def test_statements_of_all_documents(ask_compiled: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MOST_PLANNED", 40_000)
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    document = """query ($where: CategoryFilter, $first: Int) {
        categories(where: $where, first: $first) { nodes { id } } node(id: "Q2F0ZWdvcnk6MQ==") { id }
    }"""
    for number in range(30):
        for first in (1, 100):
            asked = Operation(document + " " * (number // 2), None, {"where": {"and": [{}] * number}, "first": first})
            assert (await engine.execute(asked, ADMIN.principal)).status == 200
            assert 2_000 <= planned(engine) <= 40_000
    assert engine.kept["documents"] < 15


@pytest.mark.parametrize(("first", "status"), [(1, 200), (0, 400)], ids=["with a statement", "refused before it"])
async def test_plans_and_statements_are_kept_by_their_size(
    ask_compiled: Asking, first: int, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large filters make plans and statements a hundred times as large as usual ones."""
    monkeypatch.setattr(documents, "_MOST_PLANNED", 30_000)
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    for number in range(12):
        document = f"query A{number}($w: CategoryFilter) {{ categories(where: $w, first: {first}) {{ totalCount }} }}"
        where = {"or": [{"name": {"eq": "x"}}] * 60}
        for words in ("contains", "startsWith"):
            asked = Operation(document, None, {"w": {**where, "not": {"name": {words: "x"}}}})
            assert (await engine.execute(asked, ADMIN.principal)).status == status
            assert 2_000 <= planned(engine) <= 30_000


async def test_values_of_a_document_are_part_of_the_size(ask_compiled: Asking) -> None:
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    sizes: list[int] = []
    for values in (["a"], ["a"] * 100, ["a" * 1_000]):
        text = " ".join(f'"{value}"' for value in values)
        document = f"{{ categories(where: {{name: {{in: [{text}]}}}}) {{ totalCount }} }}"
        assert (await engine.execute(Operation(document), ADMIN.principal)).status == 200
        sizes.append(planned(engine) - sum(sizes))
    assert [size - sizes[0] for size in sizes[1:]] == [99 * 6, 999]


def planned(engine: Engine) -> int:
    """Return the size of all plans and statements that are kept, but for what was kept last."""
    sizes = [compiled.size for compiled in engine._documents._compiled()]
    assert engine._documents._planned_at_most >= sum(sizes)
    return sum(sizes)


async def test_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_MOST", 2)
    kept = schemas.Schemas(GRAPH, LIMITS)
    for capability in ("catalog:read", "prices:read", "inventory:read", "catalog:read"):
        await kept.seen_by(Capabilities.of({capability}))
    assert list(kept._kept) == [Capabilities.of({"inventory:read"}), Capabilities.of({"catalog:read"})]


async def test_schemas_are_built_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = schemas.Schemas(GRAPH, LIMITS)
    building, most = 0, 0

    def build(_kept: schemas.Schemas, _capabilities: Capabilities) -> schemas.SeenSchema:
        nonlocal building, most
        building += 1
        most = max(most, building)
        time.sleep(0.01)
        building -= 1
        return schemas.SeenSchema(GRAPH, GraphQLSchema())

    monkeypatch.setattr(schemas.Schemas, "_build", build)
    sets = [Capabilities.of([f"catalog:read:{number}"]) for number in range(10)]
    await asyncio.gather(*(kept.seen_by(capabilities) for capabilities in sets * 2))
    assert (kept.size, most) == (10, 1)


async def test_documents_go_with_their_schema(ask_compiled: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_MOST", 2)
    engine = new_engine(ask_compiled.engine._paths.database, compiling=True)
    engine._schemas = schemas.Schemas(GRAPH, LIMITS, engine._documents.forget)
    seen = []
    for capability in ("catalog:read", "prices:read", "inventory:read", "orders:read"):
        principal = replace(ADMIN.principal, scopes=frozenset({capability}))
        await engine.execute(Operation("{ __typename }"), principal)
        kept = engine._schemas.kept(principal.capabilities)
        assert kept is not None
        seen.append(weakref.ref(kept))
        del kept
    gc.collect()
    assert [one() is not None for one in seen] == [False, False, True, True]


class Text(str):
    """A text that can be told to be gone."""

    __slots__ = ("__weakref__",)


async def test_statements_hold_nobody_and_no_value(ask_compiled: Asking) -> None:
    document = """query Held($where: OrderFilter, $first: Int, $ids: [ID!]!, $after: String, $since: DateTime) {
        orders(where: $where, first: $first, after: $after) { nodes { id customer { name } } pageInfo { endCursor } }
        ordersAggregate(
            where: {orderDate: {gte: $since, lt: "2026-01-01T00:00:00Z"}}
            groupBy: {field: ORDER_DATE, by: MONTH}
            first: $first
        ) { count }
        nodes(ids: $ids) { id }
    }"""
    principal, text, id_ = replace(SALES.principal), Text("a text"), Text(global_id("Order", 1))
    held = [weakref.ref(one) for one in (principal, text, id_)]
    where = {"notes": {"contains": text}, "customer": {"name": {"in": [text]}}, "id": {"in": [id_]}}
    variables = {"where": where, "first": 3, "ids": [id_], "since": "2025-01-01T00:00:00Z"}
    told = await ask_compiled(document, principal, variables)
    assert (told.status, len(told.statements)) == (200, 3)
    del principal, text, id_, where, variables, told
    gc.collect()
    assert [one() for one in held] == [None, None, None]


def test_wallets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_MOST", 5)
    kept = Budgets(LocalBuckets())
    for number in range(20):
        kept.wallet(Principal(f"somebody {number}", frozenset({Role.CUSTOMER}), customer_id=number))
    assert len(kept._wallets) == len(kept._tenants) == budgets._MOST
