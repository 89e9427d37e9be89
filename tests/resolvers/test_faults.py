"""A fault of ours is told as an id; the log has the rest, and neither has values."""

import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.embedded import Stack
from tests.graph import Asking, altered_sample, asking
from tests.model.viewers import ADMIN

# Reading the view fails, with a message that has a value of the column in it.
BROKEN = """
alter table orders rename to whole_orders;
create view orders as select * from whole_orders;
alter table customers rename to whole_customers;
create view customers as
    select id, name, cnpj, (email::integer)::text as email, phone, address, city, state, region, tier_id, credit_limit,
           payment_terms, status, created_at, updated_at
    from whole_customers;
grant select on orders, customers to gateway;
"""
SECRET = "SEGREDO"


@pytest.fixture(scope="module")
def broken_url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with altered_sample(stack, migrated_template, BROKEN) as served:
        yield served


@pytest_asyncio.fixture(params=["reference", "compiled"])
async def ask_broken(broken_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    async with asking(broken_url, compiling=request.param == "compiled") as ask:
        yield ask


@pytest.mark.parametrize(
    "document",
    [
        "query($text: String!) { customers(where: {name: {ne: $text}}) { nodes { email } } }",
        "query($text: String!) { orders(where: {notes: {ne: $text}}) { nodes { customer { email } } } }",
        "query($text: String!) { customersAggregate(where: {name: {ne: $text}}, groupBy: {field: EMAIL}) { count } }",
        """query($text: String!) {
            node(id: "Q3VzdG9tZXI6MTE=") { ... on Customer { email } }
            products(where: {name: {ne: $text}}) { totalCount }
        }""",
    ],
)
async def test_a_fault_is_told_by_an_id(ask_broken: Asking, document: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        told = await ask_broken(document, ADMIN.principal, {"text": SECRET})
        # Futures whose exceptions nobody took tell of them when they go; they are young.
        gc.collect(1)
    ids = set()
    for error in told.errors:
        assert error["extensions"]["code"] == "INTERNAL"
        ids.add(error["extensions"]["id"])
        assert error["message"].endswith(f"Report it with the id {error['extensions']['id']}.")
    assert {vars(record)["fault"] for record in caplog.records if record.msg == "internal fault"} == ids
    for text in (told.answer.body.decode(), *(str(vars(record)) for record in caplog.records)):
        assert SECRET not in text
        assert "farmacia.example" not in text
    assert {record.name for record in caplog.records if record.levelno >= logging.WARNING} == {"resolvers.answers"}
    [fault] = {vars(record)["error"] for record in caplog.records if record.msg == "internal fault"}
    assert fault == "InvalidTextRepresentationError"


async def test_what_did_not_fail_is_answered(ask_broken: Asking) -> None:
    told = await ask_broken("{ orders(first: 1) { totalCount nodes { databaseId } } }")
    assert told.data == {"orders": {"totalCount": 60, "nodes": [{"databaseId": "1"}]}}


async def test_a_fault_does_not_last(ask_broken: Asking) -> None:
    for _ in range(15):
        await ask_broken("{ customers { nodes { email } } products { nodes { prices { nodes { id } } } } }")
    told = await ask_broken("{ products(first: 1) { nodes { databaseId } } }")
    assert told.data == {"products": {"nodes": [{"databaseId": "1"}]}}
