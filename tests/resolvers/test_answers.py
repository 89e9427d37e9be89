"""Errors say what is wrong with a value, and not which value it is: it may be personal data."""

from typing import Any

import pytest

from tests.graph import Asking

SECRET = "12ABC34501DE35"
DIGITS = 12345678000195
FILTER = "query ($w: CustomerFilter) { customers(where: $w) { totalCount } }"


@pytest.mark.parametrize(
    ("document", "variables", "message"),
    [
        (
            FILTER,
            {"w": {"cnpj": {"eq": SECRET}, "no": 1}},
            (
                "Variable '$w' has invalid value: Expected value of type 'CustomerFilter' not to include unknown field"
                " 'no'. Did you mean 'not'?"
            ),
        ),
        (
            FILTER,
            {"w": SECRET},
            "Variable '$w' has invalid value: Expected value of type 'CustomerFilter' to be an object.",
        ),
        (
            FILTER,
            {"w": {"cnpj": {"eq": DIGITS}}},
            "Variable '$w' has invalid value at .cnpj.eq: String cannot represent a non string value.",
        ),
        (
            FILTER,
            {"w": {"status": {"eq": f"{SECRET}' does not exist"}}},
            "Variable '$w' has invalid value at .status.eq: The value does not exist in 'CustomerStatus' enum.",
        ),
        (
            "query ($n: Int) { customers(first: $n) { totalCount } }",
            {"n": SECRET},
            "Variable '$n' has invalid value: Int cannot represent non-integer value.",
        ),
        (
            "query ($i: ID!) { customer(id: $i) { id } }",
            {"i": [SECRET]},
            "Variable '$i' has invalid value: ID cannot represent value.",
        ),
        (
            f'{{ customers(where: {{cnpj: "{SECRET}"}}) {{ totalCount }} }}',
            None,
            "Expected value of type 'StringFilter' to be an object.",
        ),
        (f'{{ customers("{SECRET}") {{ id }} }}', None, "Syntax Error: Expected Name, found String."),
        (f'{{ customers("""{SECRET}""") {{ id }} }}', None, "Syntax Error: Expected Name, found BlockString."),
        (f"{{ customers({DIGITS}: 1) {{ id }} }}", None, "Syntax Error: Expected Name, found Int."),
    ],
)
async def test_messages_quote_no_value(ask: Asking, document: str, variables: Any, message: str) -> None:
    told = await ask(document, variables=variables)
    assert told.errors[0]["message"] == message
    assert SECRET not in told.answer.body.decode()
    assert str(DIGITS) not in told.answer.body.decode()
