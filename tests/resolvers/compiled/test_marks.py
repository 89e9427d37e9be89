"""Texts may have the characters that the gateway puts between the parts of an answer: they come out as they are."""

from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from psycopg.types.json import Jsonb

from app.embedded import Stack
from schema.model import Kind, Model, ScalarField
from tests.graph import Asking, Told, asking, serving_url
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH
from tests.sample import new_sample

ODD = "".join(map(chr, range(1, 0x20))) + "\x7f\x85\u2028\ufeff\U0001f48a" + "\\u001e \\x02 \"'%s:x $1 {}[],null"
EDGES = "edges { cursor node { FIELDS } }"
ENDS = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


MODELS = [model for model in GRAPH if model.name != "AuditRecord"]
"""Those whose rows may be changed."""


def texts(model: Model) -> list[ScalarField]:
    return [field for field in model.fields.values() if field.kind is Kind.STRING]


def make_odd(url: str) -> None:
    """Write odd characters into every text of every other row, and into JSON as keys and values."""
    with psycopg.connect(url, autocommit=True) as connection:
        for model in MODELS:
            for field in model.fields.values():
                table, column = sql.Identifier(model.table.name), sql.Identifier(field.column.name)
                if field.kind is Kind.STRING:
                    statement = sql.SQL("update {} set {} = {} || %s where id %% 2 = 0").format(table, column, column)
                    connection.execute(statement, [ODD])
                elif field.kind is Kind.JSON:
                    statement = sql.SQL("update {} set {} = %s where id %% 2 = 0").format(table, column)
                    connection.execute(statement, [Jsonb({ODD: [ODD, {ODD: None}]})])


@pytest.fixture(scope="module")
def url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with new_sample(stack, migrated_template) as owner_url:
        make_odd(owner_url)
        yield serving_url(stack, owner_url)


@pytest_asyncio.fixture
async def compiled(url: str) -> AsyncIterator[Asking]:
    async with asking(url, compiling=True) as ask:
        yield ask


@pytest_asyncio.fixture
async def reference(url: str) -> AsyncIterator[Asking]:
    async with asking(url, compiling=False) as ask:
        yield ask


@pytest.mark.parametrize("model", [model for model in MODELS if texts(model)], ids=lambda model: model.name)
@pytest.mark.parametrize("size", ["first: 7, after", "last: 7, before"])
async def test_pages_in_the_order_of_odd_texts(compiled: Asking, reference: Asking, model: Model, size: str) -> None:
    async def both(document: str, place: str | None) -> Told:
        told = await compiled(document, ADMIN.principal, {"place": place})
        assert told.data == (await reference(document, ADMIN.principal, {"place": place})).data
        return told

    for field in texts(model):
        edges = EDGES.replace("FIELDS", " ".join(model.fields))
        arguments = f"{size}: $place, orderBy: [{{field: {field.constant}, direction: DESC}}]"
        document = f"query($place: String) {{ {model.plural}({arguments}) {{ {edges} nodes {{ id }} {ENDS} }} }}"
        page = (await both(document, None)).data[model.plural]["pageInfo"]
        await both(document, page["endCursor" if size.startswith("first") else "startCursor"])


async def test_rows_of_several_types(compiled: Asking, reference: Asking) -> None:
    ids = [node["id"] for node in (await compiled("{ suppliers { nodes { id } } }")).data["suppliers"]["nodes"]]
    ids += [node["id"] for node in (await compiled("{ customers { nodes { id } } }")).data["customers"]["nodes"]]
    document = """query($ids: [ID!]!) { nodes(ids: $ids) {
        ... on Supplier { name contactInfo products(first: 2) { nodes { name } pageInfo { endCursor } } }
        ... on Customer { name email orders(first: 2) { edges { cursor node { notes } } } }
    } }"""
    told = await compiled(document, variables={"ids": ids})
    assert told.data == (await reference(document, variables={"ids": ids})).data
    assert ODD in "".join(node["name"] for node in told.data["nodes"])
