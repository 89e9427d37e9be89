"""The compiled path against the reference path: any operation of anybody must give the same response on both.

Each operation is asked of a data set of its own. Those that take cursors are asked again, with cursors that the first
answer gave. A difference is told with the seed of its data set, which `odd_data` makes again.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, TypeVar

import psycopg
import pytest_asyncio
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.embedded import Stack
from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from security.principal import Principal
from tests import rows
from tests.databases import new_database
from tests.documents import Document, documents
from tests.fuzz.data import REGIONS, odd_data
from tests.graph import Asking, Told, asking, serving_url
from tests.model.viewers import VIEWERS, Viewer
from tests.model.world import GRAPH
from tests.operands import Operands
from tests.operations import Choices
from tests.profiles import examples
from tests.rows import Data

T = TypeVar("T")

Pick = Callable[[list[str]], str]

SEEDS = st.shared(st.integers(0, 2**32 - 1), key="the data set")
data_of = lru_cache(maxsize=4)(odd_data)
OPERANDS = Operands(SEEDS.map(data_of))

SEEING = [viewer for viewer in VIEWERS if list(GRAPH.seen_by(viewer.principal.capabilities))]


@cache
def documents_of(viewer: Viewer) -> st.SearchStrategy[Document]:
    """Return random operations over what a viewer sees."""
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    schema = build(seen, ReferenceResolvers())._schema
    return documents(schema, Choices(seen, OPERANDS))


def response(told: Told) -> Any:
    """Return a response with its members in their order, which is part of the specification."""
    return json.loads(told.answer.body, object_pairs_hook=list)


def cursors(told: Any, key: str) -> Iterator[str]:
    """Yield the cursors of all connections in a response that stand under a key."""
    if isinstance(told, list):
        for item in told:
            yield from cursors(item, key)
    elif isinstance(told, dict):
        for name, value in told.items():
            # A key means something else elsewhere in the response.
            if name == key and isinstance(value, dict):
                yield from every_cursor(value)
            yield from cursors(value, key)


def every_cursor(connection: Mapping[str, Any]) -> Iterator[str]:
    """Yield a connection's own cursors; those of connections within are others'."""
    for edge in connection.get("edges", ()):
        yield from (edge[name] for name in ("cursor", "place") if name in edge)
    for info in ("pageInfo", "more"):
        ends = connection.get(info, {})
        yield from (ends[name] for name in ("startCursor", "endCursor") if ends.get(name))


def picks(data: st.DataObject) -> Iterator[Pick]:
    """Yield ways to pick a cursor: rows at the ends are those without values, for which other SQL is kept."""
    yield from (lambda found: found[0], lambda found: found[-1], lambda found: data.draw(st.sampled_from(found)))


def placed(document: Document, told: Told, pick: Pick) -> dict[str, Any]:
    """Return the variables of a document with cursors in them that its own answer gave."""
    given = dict(document.variables)
    for name, key in document.places.items():
        found = list(cursors(told.response.get("data"), key))
        given[name] = pick(found) if found else None
    return given


def among(principal: Principal, data: Data, at: int) -> Principal:
    """Return somebody alike who claims what there is in a data set: any other claims show nothing."""
    customers, warehouses = ([row["id"] for row in data.tables[name]] for name in ("customers", "warehouses"))
    return replace(
        principal,
        customer_id=next(iter(some(customers, 1, at)), principal.customer_id) if principal.customer_id else None,
        regions=some(REGIONS, len(principal.regions), at),
        warehouse_ids=some(warehouses, len(principal.warehouse_ids), at),
    )


def some(options: Sequence[T], number: int, at: int) -> tuple[T, ...]:
    """Return so many of the options, from some place on."""
    start = at % len(options) if options else 0
    return (*options[start:], *options[:start])[:number]


@dataclass(frozen=True)
class Paths:
    """Both paths over one database, whose rows may be replaced."""

    compiled: Asking
    reference: Asking
    owner: psycopg.Connection

    def hold(self, data: Data) -> None:
        """Let both paths find these rows and no others."""
        rows.replace(self.owner, data)

    async def ask(self, document: Document, principal: Principal, variables: Mapping[str, Any]) -> Told:
        """Return what the compiled path tells, an assertion unless the reference path tells the same."""
        compiled = await self.compiled(document.text, principal, variables)
        reference = await self.reference(document.text, principal, variables)
        assume("GRAPHQL_VALIDATION_FAILED" not in reference.answer.body.decode())
        assert (compiled.status, response(compiled)) == (reference.status, response(reference))
        assert compiled.answer.way is None or not compiled.answer.way.is_by_fault
        assert len(compiled.statements) <= document.statements or compiled.status != 200, "more statements than fields"
        return compiled


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def paths(stack: Stack, migrated_template: str) -> AsyncIterator[Paths]:
    with (
        new_database(stack.endpoints.owner_url, migrated_template) as url,
        psycopg.connect(url, autocommit=True) as owner,
    ):
        served = serving_url(stack, url)
        async with asking(served, compiling=True) as compiled, asking(served, compiling=False) as reference:
            yield Paths(compiled, reference, owner)


@settings(examples(300), suppress_health_check=list(HealthCheck))
@given(seed=SEEDS, viewer=st.sampled_from(SEEING), at=st.integers(0, 20), drawn=st.data())
async def test_both_paths_give_the_same_response(
    paths: Paths, seed: int, viewer: Viewer, at: int, drawn: st.DataObject
) -> None:
    data = data_of(seed)
    paths.hold(data)
    principal = among(viewer.principal, data, at)
    document = drawn.draw(documents_of(viewer))
    told = await paths.ask(document, principal, document.variables)
    for pick in picks(drawn) if document.places else ():
        await paths.ask(document, principal, placed(document, told, pick))
