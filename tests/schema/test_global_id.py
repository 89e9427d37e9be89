"""Global ids: one spelling each, and nothing else is taken."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.global_id import global_id, key_of, parse_global_id
from security.errors import BadUserInput
from tests.graph import Asking
from tests.model.world import GRAPH

NAMES = st.sampled_from([model.name for model in GRAPH])
KEYS = st.integers(0, 2**63 - 1)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(NAMES, KEYS)
def test_an_id_comes_back(name: str, key: int) -> None:
    assert parse_global_id(global_id(name, key)) == (name, key)
    assert key_of(name, global_id(name, key)) == key


@given(NAMES, KEYS, NAMES, KEYS)
def test_ids_differ(name: str, key: int, other_name: str, other_key: int) -> None:
    assert (global_id(name, key) == global_id(other_name, other_key)) == ((name, key) == (other_name, other_key))


WRONG = {
    "": "",
    "not base64": "Order:1",
    "no key": encoded("Order"),
    "empty key": encoded("Order:"),
    "leading zero": encoded("Order:01"),
    "negative": encoded("Order:-1"),
    "sign": encoded("Order:+1"),
    "other digits": encoded("Order:\u0661"),
    "too large": encoded(f"Order:{2**63}"),
    "far too large": encoded("Order:" + "9" * 5000),
    "space": encoded("Order: 1"),
    "line": encoded("Order:1\n"),
    "two keys": encoded("Order:1:2"),
    "no padding": encoded("Order:12").rstrip("="),
    "too much padding": encoded("Order:1") + "=",
    "unused bits": encoded("Order:12")[:-2] + "J=",
    "line within": encoded("Order:1")[:4] + "\n" + encoded("Order:1")[4:],
    "no latin": "Ördér",
    "surrogate": "\ud800",
    "no text": base64.b64encode(b"\xff\xfe").decode(),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_another_text_is_no_id(text: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        parse_global_id(text)
    assert refused.value.message == "This is not an id: pass one as the field `id` of the graph gave it."


@given(st.text(max_size=40))
def test_no_text_is_an_id_by_chance(text: str) -> None:
    with pytest.raises(BadUserInput):
        parse_global_id(text)


def test_an_id_of_another_type_is_none_of_this_one() -> None:
    with pytest.raises(BadUserInput, match="This is not an id of Customer"):
        key_of("Customer", global_id("Order", 1))


@pytest.mark.parametrize("text", [*WRONG.values(), global_id("Order", 1), global_id("Nothing", 1)], ids=repr)
async def test_a_wrong_id_is_refused_wherever_it_stands(ask: Asking, text: str) -> None:
    for selection in ("customer(id: $id) { id }", "customers(where: {id: {eq: $id}}) { totalCount }"):
        told = await ask(f"query($id: ID!) {{ {selection} }}", variables={"id": text})
        assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)
    if text != global_id("Order", 1):
        for selection in ("node(id: $id) { id }", "nodes(ids: [$id]) { id }"):
            told = await ask(f"query($id: ID!) {{ {selection} }}", variables={"id": text})
            assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)


@pytest.mark.parametrize("key", [0, 999, 2**63 - 1])
async def test_an_id_of_no_row_is_null(ask: Asking, key: int) -> None:
    told = await ask(
        "query($id: ID!) { order(id: $id) { id } node(id: $id) { id } nodes(ids: [$id, $id]) { id } }",
        variables={"id": global_id("Order", key)},
    )
    assert told.data == {"order": None, "node": None, "nodes": [None, None]}


async def test_an_id_may_come_as_a_number(ask: Asking) -> None:
    """GraphQL takes integers for ids; none of ours is one."""
    assert (await ask("{ order(id: 1) { id } }")).refusal == "BAD_USER_INPUT"
