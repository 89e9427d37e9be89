"""Whatever is nested deeply in an operation is answered or refused with a clear error, at every depth."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.graph import Asking
from tests.model.viewers import ADMIN

DEPTHS = (1, 5, 9, 10, 14, 15, 20, 28, 29, 30, 31, 40, 60, 90, 130, 190, 240, 260, 300, 400, 600, 900, 1500, 3000)
WHERE = "query($where: CategoryFilter) { categories(where: $where) { totalCount nodes { id } } }"


def nested(depth: int, innermost: Any, wrap: Callable[[Any], Any]) -> Any:
    """Return something wrapped so many times."""
    value = innermost
    for _ in range(depth):
        value = wrap(value)
    return value


SELECTIONS: dict[str, Callable[[str], str]] = {
    "links": lambda inner: f"{{ parent {inner} }}",
    "connections": lambda inner: f"{{ children(first: 1) {{ nodes {inner} }} }}",
    "there and back": lambda inner: f"{{ children(first: 1) {{ nodes {{ parent {inner} }} }} }}",
    "fragments": lambda inner: f"{{ ... on Category {inner} }}",
}
FILTERS: dict[str, Callable[[Any], Any]] = {
    "not": lambda inner: {"not": inner},
    "and": lambda inner: {"and": [inner]},
    "or": lambda inner: {"or": [inner]},
    "link": lambda inner: {"parent": inner},
    "some": lambda inner: {"children": {"some": inner}},
    "every": lambda inner: {"children": {"every": inner}},
}


def written(where: Any) -> str:
    """Return a filter as a literal of a document."""
    if isinstance(where, dict):
        return "{" + ", ".join(f"{name}: {written(value)}" for name, value in where.items()) + "}"
    if isinstance(where, list):
        return "[" + ", ".join(map(written, where)) + "]"
    return f'"{where}"'


async def outcomes(ask: Asking, questions: list[tuple[str, Any]]) -> list[str]:
    """Return what each question comes to: its code, or nothing where it is answered."""
    found = []
    for document, variables in questions:
        told = await ask(document, ADMIN.principal, variables)
        if "errors" in told.response:
            assert told.refusal in ("BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")
            assert told.status == 400
            assert all(len(error["message"]) < 200 for error in told.errors)
        found.append("" if "data" in told.response else told.refusal)
    return found


@pytest.mark.parametrize("kind", SELECTIONS)
async def test_selections(ask: Asking, kind: str) -> None:
    documents = [f"{{ categories(first: 2) {{ nodes {nested(n, '{ id }', SELECTIONS[kind])} }} }}" for n in DEPTHS]
    found = await outcomes(ask, [(document, None) for document in documents])
    assert found[:6] == [""] * 6
    assert found[-1] != ""
    first_refused = next(place for place, one in enumerate(found) if one)
    assert all(found[first_refused:])


@pytest.mark.parametrize("kind", FILTERS)
async def test_filters_in_variables(ask: Asking, kind: str) -> None:
    wheres = [nested(depth, {"name": {"eq": "x"}}, FILTERS[kind]) for depth in DEPTHS]
    found = await outcomes(ask, [(WHERE, {"where": where}) for where in wheres])
    assert found[:4] == [""] * 4
    assert found[-10:] == ["BAD_USER_INPUT"] * 10


@pytest.mark.parametrize("kind", FILTERS)
async def test_filters_in_documents(ask: Asking, kind: str) -> None:
    around = written(FILTERS[kind]("…"))
    wheres = [nested(depth, '{name: {eq: "x"}}', lambda inner: around.replace('"…"', inner)) for depth in DEPTHS]
    found = await outcomes(
        ask, [(f"{{ categories(where: {where}) {{ totalCount nodes {{ id }} }} }}", None) for where in wheres]
    )
    assert found[:4] == [""] * 4
    assert found[-1] != ""


async def test_groupings(ask: Asking) -> None:
    document = "query($by: [CategoryGroupBy!]) { categoriesAggregate(groupBy: $by) { count } }"
    entries = [nested(depth, {"field": "NAME"}, lambda inner: {"parent": inner}) for depth in DEPTHS]
    found = await outcomes(ask, [(document, {"by": [entry]}) for entry in entries])
    assert found[:4] == [""] * 4
    assert found[-1] == "BAD_USER_INPUT"


async def test_lists_within_lists(ask: Asking) -> None:
    found = await outcomes(ask, [(WHERE, {"where": nested(depth, {}, lambda inner: [inner])}) for depth in DEPTHS])
    assert found == ["BAD_USER_INPUT"] * len(DEPTHS)


@pytest.mark.parametrize("kind", ["and", "or"])
async def test_many_conditions(ask: Asking, kind: str) -> None:
    for number, code in ((60, ""), (200, "BAD_USER_INPUT"), (40_000, "BAD_USER_INPUT")):
        where = {kind: [{"name": {"eq": "x"}}] * number}
        assert await outcomes(ask, [(WHERE, {"where": where})]) == [code]


async def test_a_long_document(ask: Asking) -> None:
    fields = " ".join(f"at{place}: name" for place in range(3_000))
    document = f"{{ categories(first: 1) {{ nodes {{ {fields} }} }} }}"
    assert await outcomes(ask, [(document, None)]) == [""]
    document = "{ " + " ".join(f"at{place}: __typename" for place in range(4_000)) + " }"
    assert await outcomes(ask, [(document, None)]) == ["GRAPHQL_PARSE_FAILED"]
