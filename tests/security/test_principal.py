"""Principals: what one who acts for another may do."""

from dataclasses import replace

import pytest

from security.capabilities import meet
from security.principal import Actor, Principal
from security.roles import CAPABILITIES, Role

EVERYTHING = frozenset(CAPABILITIES)


def user(role: Role, scopes: frozenset[str] | None = None) -> Principal:
    return Principal("u", frozenset({role}), scopes, customer_id=7, regions=("Sul",), warehouse_ids=(1,))


def agent(scopes: frozenset[str] | None = EVERYTHING, *roles: Role) -> Actor:
    return Actor("bot", frozenset(roles or {Role.AGENT}), scopes)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("scopes", [None, frozenset(), frozenset({"orders:read", "catalog:read"}), EVERYTHING])
def test_who_acts_has_no_right_that_not_both_have(role: Role, scopes: frozenset[str] | None) -> None:
    alone = user(role, scopes).capabilities
    own = Principal("bot", frozenset({Role.AGENT}), EVERYTHING).capabilities
    both = replace(user(role, scopes), actor=agent()).capabilities
    for capability in both:
        assert any(meet(capability, granted) == capability for granted in alone)
        assert any(meet(capability, granted) == capability for granted in own)
    for granted in alone:
        for other in own:
            if (shared := meet(granted, other)) is not None:
                assert any(meet(shared, capability) == shared for capability in both)


def test_the_rows_stay_those_of_the_user() -> None:
    acting = replace(user(Role.CUSTOMER), actor=agent())
    assert "orders:read:own" in list(acting.capabilities)
    assert "orders:read" not in list(acting.capabilities)
    assert dict(acting.settings)["gateway.customer_id"] == "7"


def test_an_admin_s_agent_is_no_admin() -> None:
    acting = replace(user(Role.ADMIN), actor=agent())
    assert not acting.capabilities.reaches("customers.pii:read")
    assert acting.capabilities.has("orders:read")


def test_an_agent_without_scopes_may_do_nothing_for_anybody() -> None:
    assert not list(replace(user(Role.ADMIN), actor=agent(None)).capabilities)


def test_an_agent_does_not_gain_from_the_user_s_scopes() -> None:
    acting = replace(user(Role.ADMIN, EVERYTHING), actor=agent(frozenset({"catalog:read"})))
    assert list(acting.capabilities) == ["catalog:read"]


def test_a_colleague_may_act_too() -> None:
    acting = replace(user(Role.CUSTOMER), actor=agent(None, Role.SUPPORT))
    assert not acting.capabilities.reaches("orders:read")
    assert "interactions:read:own" in list(acting.capabilities)


def test_claims_are_given_as_row_rules_see_them() -> None:
    assert replace(user(Role.CUSTOMER), customer_id=0).claims_given[0]
    assert not replace(user(Role.CUSTOMER), customer_id=None).claims_given[0]
