"""Claims: read strictly, and the same after being written and read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.claims import MAX_ID, MalformedClaims, claims_of, principal_of
from security.principal import Actor, Principal
from security.roles import Role

VALID = {"sub": "u-1", "roles": ["admin"]}

names = st.text(st.characters(categories=["L", "Nd", "Pd"]), min_size=1, max_size=40)
ids = st.integers(1, MAX_ID)
roles = st.frozensets(st.sampled_from(Role), min_size=1)
scopes = st.none() | st.frozensets(st.text("abc:.-", min_size=1, max_size=10), max_size=5)
principals = st.builds(
    Principal,
    subject=names,
    roles=roles,
    scopes=scopes,
    customer_id=st.none() | ids,
    regions=st.lists(names, max_size=4).map(tuple),
    warehouse_ids=st.lists(ids, max_size=4).map(tuple),
)
actors = st.builds(Actor, subject=names, roles=roles, scopes=scopes)


@given(principals)
def test_a_principal_written_and_read_is_the_same(principal: Principal) -> None:
    assert principal_of(claims_of(principal)) == principal


@given(principals, actors)
def test_an_actor_is_read_as_it_was_written(principal: Principal, actor: Actor) -> None:
    acting = replace(principal, actor=actor)
    inherited = replace(actor, scopes=principal.scopes) if actor.scopes is None else actor
    assert principal_of(claims_of(acting)) == replace(acting, actor=inherited)


def test_who_acts_is_an_agent_with_the_token_s_scopes_unless_the_claim_says_otherwise() -> None:
    said = principal_of(VALID | {"scope": "orders:read", "act": {"sub": "bot", "iss": "x", "client_id": "y"}})
    assert said.actor == Actor("bot", frozenset({Role.AGENT}), frozenset({"orders:read"}))
    other = principal_of(VALID | {"scope": "a", "act": {"sub": "bot", "roles": ["support"], "scope": "b"}})
    assert other.actor == Actor("bot", frozenset({Role.SUPPORT}), frozenset({"b"}))


def test_no_scope_is_not_the_same_as_an_empty_one() -> None:
    assert principal_of(VALID).scopes is None
    assert principal_of(VALID | {"scope": ""}).scopes == frozenset()


def test_scopes_that_mean_nothing_here_are_kept_and_grant_nothing() -> None:
    principal = principal_of(VALID | {"scope": "openid profile"})
    assert not list(principal.capabilities)


REFUSED: list[dict[str, Any]] = [
    {"roles": []},
    {"roles": "admin"},
    {"roles": ["root"]},
    {"roles": ["admin", "root"]},
    {"roles": ["ADMIN"]},
    {"roles": [1]},
    {"roles": [["admin"]]},
    {"roles": {"admin": True}},
    {"roles": ["admin"] * 201},
    {"act": None},
    {"act": "bot"},
    {"act": {}},
    {"act": {"sub": ""}},
    {"act": {"sub": 1}},
    {"act": {"sub": "bot", "roles": []}},
    {"act": {"sub": "bot", "roles": ["root"]}},
    {"act": {"sub": "bot", "scope": ["a"]}},
    {"act": {"sub": "bot", "act": {"sub": "another"}}},
    {"act": {"sub": "bot", "act": None}},
    {"scope": None},
    {"scope": ["orders:read"]},
    {"scope": "orders:read  catalog:read"},
    {"scope": "orders:read\ncatalog:read"},
    {"scope": 'orders:"read'},
    {"customer_id": True},
    {"customer_id": None},
    {"customer_id": "1"},
    {"customer_id": 1.0},
    {"customer_id": 0},
    {"customer_id": -1},
    {"customer_id": MAX_ID + 1},
    {"customer_id": [1]},
    {"regions": "Sul"},
    {"regions": [1]},
    {"regions": [""]},
    {"regions": ["Sul\0"]},
    {"regions": ["x" * 101]},
    {"regions": None},
    {"warehouse_ids": []},
    {"warehouse_ids": None},
    {"warehouse_ids": 1},
    {"warehouse_ids": [True]},
    {"warehouse_ids": ["1"]},
    {"warehouse_ids": [1, 2.0]},
    {"warehouse_ids": list(range(1, 300))},
]


@pytest.mark.parametrize("change", REFUSED, ids=str)
def test_claims_of_another_type_refuse_the_token(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedClaims) as refused:
        principal_of(VALID | change)
    # Reasons go into logs: they name claims and hold no values.
    assert str(refused.value).split()[0] in {*change, "roles"}
