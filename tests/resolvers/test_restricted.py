"""Operations of a principal whose token may have been revoked: personal data waits, the rest goes on."""

import pytest

from security.principal import Principal
from security.roles import Role
from tests.graph import Asking

IN_DOUBT = Principal("u", frozenset({Role.ADMIN})).restricted


@pytest.mark.parametrize(
    "document",
    [
        "{ customers(first: 1) { nodes { email } } }",
        '{ customers(first: 1, where: {email: {eq: "x"}}) { nodes { name } } }',
        "{ customers(first: 1, orderBy: [{field: PHONE}]) { nodes { name } } }",
        "{ orders(first: 1) { nodes { customer { ...c } } } } fragment c on Customer { address }",
        "{ customers(first: 1) { nodes { name } } secret: interactions(first: 1) { nodes { message } } }",
    ],
)
async def test_personal_data_is_answered_by_try_again(ask: Asking, document: str) -> None:
    told = await ask(document, IN_DOUBT)
    assert (told.refusal, told.status) == ("UNAVAILABLE", 503)
    assert told.statements == []
    assert "errors" not in (await ask(document, IN_DOUBT.unrestricted)).response


async def test_the_rest_is_answered(ask: Asking) -> None:
    document = (
        "{ customers(first: 2) { nodes { name orders(first: 1) { nodes { status } } } } products { totalCount } }"
    )
    assert (await ask(document, IN_DOUBT)).response == (await ask(document, IN_DOUBT.unrestricted)).response


@pytest.mark.parametrize("document", ["{ nothing }", "{ customers(first: 1) { nodes { email nothing } } }", "{"])
async def test_what_is_wrong_anyway_is_told_as_always(ask: Asking, document: str) -> None:
    told = await ask(document, IN_DOUBT)
    assert told.status == 400
    assert told.response == (await ask(document, IN_DOUBT.unrestricted)).response or "email" in document


async def test_personal_data_named_in_a_variable_waits_too(ask: Asking) -> None:
    document = "query ($where: CustomerFilter) { customers(first: 1, where: $where) { nodes { name } } }"
    told = await ask(document, IN_DOUBT, variables={"where": {"email": {"eq": "x"}}})
    assert (told.refusal, told.status) == ("UNAVAILABLE", 503)
    wrong = await ask(document, IN_DOUBT, variables={"where": {"nothing": 1}})
    assert (wrong.refusal, wrong.status) == ("BAD_USER_INPUT", 400)
