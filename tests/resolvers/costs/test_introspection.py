"""Introspection gives no more than some times what a tool asks for, however it is asked."""

from typing import Any

import pytest
from graphql import execute_sync, get_introspection_query, parse

from resolvers.engine import Operation
from security.errors import TooExpensive
from tests.graph import Asking
from tests.model.viewers import ADMIN
from tests.resolvers.costs.test_pricing import SCHEMA, price

WHOLE = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True)
ORDER = '__type(name: "Order") { ...Type }'
TYPE = "name description fields { name description type { name ofType { name } } args { name description } }"


def aliased(number: int, asked: str) -> str:
    return " ".join(f"a{at}: {asked}" for at in range(number))


@pytest.mark.parametrize(
    "document",
    [
        WHOLE,
        f"{{ __schema {{ {aliased(12, f'types {{ {TYPE} }}')} }} }}",
        f"{{ __schema {{ types {{ {aliased(190, 'name')} }} }} }}",
        f"{{ {aliased(40, ORDER)} }} fragment Type on __Type {{ {TYPE} }}",
    ],
    ids=["a tool's", "types twelve times", "names of types", "one type after the other"],
)
def test_what_is_not_much_is_answered(document: str) -> None:
    price(document)
    assert values_in(execute_sync(SCHEMA, parse(document)).data) < 110_000


@pytest.mark.parametrize(
    "document",
    [
        f"{{ __schema {{ {aliased(80, f'types {{ {TYPE} }}')} }} }}",
        f"{{ {aliased(50, '__schema { ...Types }')} }} fragment Types on __Schema {{ types {{ {TYPE} }} }}",
        f"{{ __schema {{ types {{ fields {{ {aliased(190, 'name')} }} }} }} }}",
        f"{{ __schema {{ types {{ fields {{ type {{ fields {{ {aliased(190, 'name')} }} }} }} }} }} }}",
    ],
    ids=["types", "schemas", "names of fields", "fields of fields"],
)
def test_what_is_too_much_is_refused(document: str) -> None:
    with pytest.raises(TooExpensive, match="Introspection may give more than 100,000 values"):
        price(document)


async def test_it_is_refused_before_it_is_executed(ask: Asking) -> None:
    document = f"{{ __schema {{ {aliased(80, f'types {{ {TYPE} }}')} }} orders(first: 1) {{ nodes {{ id }} }} }}"
    answer = await ask.engine.execute(Operation(document), ADMIN.principal)
    assert (answer.status, answer.executed, b"TOO_EXPENSIVE" in answer.body) == (400, False, True)


def values_in(told: Any) -> int:
    if isinstance(told, dict):
        return sum(1 + values_in(value) for value in told.values())
    return sum(map(values_in, told)) if isinstance(told, list) else 0
