"""Roles: what each grants, and that every capability that a declaration names is one that can be granted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.model import EXPLAIN, QUALITY
from security.capabilities import Capabilities, Reach
from security.roles import CAPABILITIES, ROLES, SCOPED_ROLES, Role, capabilities_of
from security.rows import granted
from tests.model.world import GRAPH

NAME = re.compile(r"[a-z]+(\.[a-z]+)?:(read|write|explain)")
SCOPES = st.none() | st.sets(st.sampled_from(sorted(CAPABILITIES)))


def test_names_are_an_area_and_a_verb() -> None:
    assert all(NAME.fullmatch(name) for name in CAPABILITIES)


def test_roles_grant_what_there_is() -> None:
    for capabilities in ROLES.values():
        for capability in capabilities:
            area, verb, *reach = capability.split(":")
            assert f"{area}:{verb}" in CAPABILITIES
            assert set(reach) <= set(Reach)


def test_declarations_name_what_there_is() -> None:
    named = {model.rows.capability for model in GRAPH}
    named |= {field.read for model in GRAPH for field in model.fields.values() if field.read}
    named |= {EXPLAIN, QUALITY} | {model.writes.capability for model in GRAPH if model.writes}
    assert named == set(CAPABILITIES)


def test_the_administrator_has_everything() -> None:
    assert set(ROLES[Role.ADMIN]) == set(CAPABILITIES)


def test_personal_data_needs_a_capability_of_its_own() -> None:
    marked = {f"{model.name}.{field.name}" for model in GRAPH for field in model.fields.values() if field.pii}
    assert marked == {
        *("Customer.cnpj", "Customer.email", "Customer.phone", "Customer.address"),
        *("Interaction.subject", "Interaction.message"),
        *("Order.notes", "Order.shippingAddress"),
        "Supplier.contactInfo",
        *("AuditRecord.subject", "AuditRecord.actor", "AuditRecord.address"),
    }
    for model in GRAPH:
        for field in model.fields.values():
            assert field.read or not field.pii or model.rows.capability == "audit:read"


@pytest.mark.parametrize(
    ("role", "fields"),
    [
        (Role.SALES, {"Customer.cnpj", "Order.notes", "Interaction.message"}),
        (Role.OPERATIONS, {"Supplier.contactInfo"}),
        (Role.SUPPORT, {"Interaction.message"}),
        (Role.AGENT, {"Interaction.message"}),
        (Role.CUSTOMER, {"Customer.cnpj", "Order.notes", "Interaction.message"}),
        (Role.ANALYST, set()),
    ],
)
def test_personal_data_that_a_role_reads(role: Role, fields: set[str]) -> None:
    told = {"Customer.cnpj", "Order.notes", "Interaction.message", "Supplier.contactInfo"}
    seen = GRAPH.seen_by(ROLES[role])
    read = {f"{model.name}.{field.name}" for model in seen for field in model.fields.values() if not field.is_masked}
    assert read & told == fields


def test_an_agent_has_nothing_without_scopes() -> None:
    assert {Role.AGENT} == SCOPED_ROLES
    assert list(capabilities_of([Role.AGENT], None)) == []
    assert list(capabilities_of([Role.AGENT], [])) == []
    assert list(capabilities_of([Role.AGENT], ["orders:read", "suppliers:read"])) == ["orders:read"]


def test_an_agents_role_beside_another_adds_nothing_without_scopes() -> None:
    assert capabilities_of([Role.AGENT, Role.SUPPORT], None) == ROLES[Role.SUPPORT]


def test_no_scopes_are_not_the_same_as_scopes_that_name_nothing() -> None:
    assert capabilities_of([Role.SALES], None) == ROLES[Role.SALES]
    assert list(capabilities_of([Role.SALES], [])) == []


@given(st.sets(st.sampled_from(Role)), SCOPES)
def test_roles_add_up(roles: set[Role], scopes: set[str] | None) -> None:
    together = capabilities_of(roles, scopes)
    alone = (capability for role in roles for capability in capabilities_of([role], scopes))
    assert together == Capabilities.of(alone)


def test_a_rule_of_one_word_names_its_capability() -> None:
    assert granted("catalog:read").capability == "catalog:read"
