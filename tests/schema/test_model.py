"""What of the graph a set of capabilities sees: nothing that was not granted, and no way to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.model import Graph
from security.capabilities import Capabilities, Reach
from security.roles import CAPABILITIES
from tests.model.world import GRAPH

NAMES = [*CAPABILITIES, *(f"{name}:{reach}" for name in CAPABILITIES for reach in Reach)]
SETS = st.sets(st.sampled_from(NAMES), max_size=12).map(Capabilities.of)


def seen(*capabilities: str) -> Graph:
    return GRAPH.seen_by(Capabilities.of(capabilities))


def test_everything_is_seen_with_every_capability() -> None:
    assert list(seen(*CAPABILITIES)) == list(GRAPH)


def test_nothing_is_seen_without_any() -> None:
    assert list(seen()) == []


def test_an_entity_is_seen_with_its_capability() -> None:
    assert [model.name for model in seen("orders:read")] == ["Order", "OrderItem"]


@pytest.mark.parametrize("reach", [Reach.OWN, Reach.TERRITORY])
def test_a_reach_is_enough_to_read_an_entity(reach: Reach) -> None:
    graph = seen(f"orders:read:{reach}")
    assert [(model.name, model.readable, model.countable) for model in graph] == [
        ("Order", True, True),
        ("OrderItem", True, True),
    ]


def test_a_reach_that_an_entity_has_no_rule_for_opens_nothing() -> None:
    """It shows no row, so a link that always leads to one would have none."""
    assert list(seen("catalog:read:territory", "orders:read:tier", "inventory:read:own")) == []
    assert "product" not in seen("orders:read", "catalog:read:own")["OrderItem"].links


def test_an_entity_that_may_only_be_counted() -> None:
    graph = seen("orders:read:aggregate", "customers:read:aggregate", "catalog:read")
    assert not graph["Order"].readable
    assert graph["Order"].countable
    assert set(graph["Order"].links) == {"customer", "items"}


def test_what_may_be_read_does_not_lead_to_what_may_only_be_counted() -> None:
    """A filter or a page through the link would tell of rows what may not be read of them."""
    graph = seen("orders:read:aggregate", "customers:read:own", "catalog:read")
    assert set(graph["Customer"].links) == {"tier"}
    assert "orderItems" not in graph["Product"].links
    assert set(graph["Order"].links) == {"customer", "items"}


def test_a_field_needs_its_own_capability() -> None:
    without, with_ = seen("orders:read"), seen("orders:read", "orders.amounts:read")
    assert set(with_["Order"].fields) - set(without["Order"].fields) == {"subtotal", "tax", "shippingCost", "total"}
    assert seen("orders.amounts:read").models == {}


@pytest.mark.parametrize("reach", Reach)
def test_a_reach_is_not_enough_for_a_field(reach: Reach) -> None:
    """The field would show in rows that the reach does not go to: which rows are read is the entity's rule alone."""
    graph = seen("orders:read", f"orders.amounts:read:{reach}")
    assert "total" not in graph["Order"].fields


@given(SETS)
def test_no_way_leads_to_what_is_not_seen(capabilities: Capabilities) -> None:
    graph = GRAPH.seen_by(capabilities)
    for model in graph:
        assert capabilities.aggregates(GRAPH[model.name].rows.capability)
        for link in model.links.values():
            target = graph[link.target]
            assert target.readable or not model.readable
        for field in model.fields.values():
            if field.is_masked:
                assert field.mask
                assert f"{field.read}:masked" in capabilities.granted
            else:
                assert field.read is None or capabilities.has(field.read)
        assert not model.readable or capabilities.reaches(model.rows.capability)


@given(SETS, SETS)
def test_more_capabilities_show_no_less(one: Capabilities, other: Capabilities) -> None:
    narrow, wide = GRAPH.seen_by(one), GRAPH.seen_by(Capabilities.of({*one, *other}))
    for model in narrow:
        assert model.name in wide.models
        assert set(model.fields) <= set(wide[model.name].fields)
        assert wide[model.name].readable or not model.readable


@given(SETS)
def test_what_is_seen_is_as_declared(capabilities: Capabilities) -> None:
    for model in GRAPH.seen_by(capabilities):
        declared = GRAPH[model.name]
        assert model == replace(
            declared,
            fields=model.fields,
            links=model.links,
            readable=model.readable,
            countable=model.countable,
            counts_unseen=f"{model.rows.capability}:aggregate" in capabilities.granted,
        )
        for name, field in model.fields.items():
            told = declared.fields[name]
            assert field is told or field == replace(told, is_masked=True, description=field.description)
            assert field.description.startswith(told.description)
        assert all(declared.links[name] is link for name, link in model.links.items())
