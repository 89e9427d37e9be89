"""Capabilities: containment, narrowing by scopes, and sets that are equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.capabilities import Capabilities, Reach, meet
from security.roles import CAPABILITIES

NAMES = st.sampled_from([*CAPABILITIES, *(f"{name}:{reach}" for name in CAPABILITIES for reach in Reach)])
SETS = st.sets(NAMES, max_size=10)
SCOPES = st.sets(NAMES | st.sampled_from(["orders", "customers", "nothing", "", ":", "orders:read:", "orders:rea"]))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("orders:read", "orders:read", "orders:read"),
        ("orders:read", "orders:read:own", "orders:read:own"),
        ("orders:read:own", "orders:read", "orders:read:own"),
        ("orders:read:own", "orders:read:territory", None),
        ("orders:read", "customers:read", None),
        ("orders:read", "orders:reader", None),
        ("orders:read", "orders", "orders:read"),
        ("orders:read", "", None),
        ("orders.amounts:read", "orders:read", None),
    ],
)
def test_what_two_capabilities_both_allow(one: str, other: str, both: str | None) -> None:
    assert meet(one, other) == both
    assert meet(other, one) == both


def test_a_wider_capability_contains_the_narrower_ones() -> None:
    assert Capabilities.of(["orders:read", "orders:read:own"]) == Capabilities.of(["orders:read"])
    assert list(Capabilities.of(["orders:read:own", "orders:read:tier"])) == ["orders:read:own", "orders:read:tier"]


def test_granted_in_full_or_as_far_as_a_reach_goes() -> None:
    full, own, counted = (Capabilities.of([f"orders:read{reach}"]) for reach in ("", ":own", ":aggregate"))
    assert [it.has("orders:read") for it in (full, own, counted)] == [True, False, False]
    assert [it.reaches("orders:read") for it in (full, own, counted)] == [True, True, False]
    assert [it.aggregates("orders:read") for it in (full, own, counted)] == [True, True, True]
    assert not any(it.aggregates("customers:read") for it in (full, own, counted))


def test_a_reach_that_does_not_exist_reaches_nothing() -> None:
    odd = Capabilities.of(["orders:read"]).narrowed(["orders:read:everything"])
    assert not odd.reaches("orders:read")
    assert not odd.aggregates("orders:read")


@given(SETS, SCOPES)
def test_scopes_never_add(granted: set[str], scopes: set[str]) -> None:
    before = Capabilities.of(granted)
    after = before.narrowed(scopes)
    for name in CAPABILITIES:
        assert before.has(name) or not after.has(name)
        assert before.reaches(name) or not after.reaches(name)
        assert before.aggregates(name) or not after.aggregates(name)
    for capability in after:
        assert any(meet(capability, held) == capability for held in before)
        assert any(meet(capability, scope) == capability for scope in scopes)


@given(SETS)
def test_scopes_that_name_everything_take_nothing(granted: set[str]) -> None:
    assert Capabilities.of(granted).narrowed(CAPABILITIES) == Capabilities.of(granted)
    assert Capabilities.of(granted).narrowed([]) == Capabilities.of([])


@given(SETS, SCOPES, SCOPES)
def test_narrowing_twice_is_narrowing_by_what_both_allow(granted: set[str], one: set[str], other: set[str]) -> None:
    it = Capabilities.of(granted)
    assert it.narrowed(one).narrowed(other) == it.narrowed(other).narrowed(one)
    assert it.narrowed(one).narrowed(one) == it.narrowed(one)


@given(SETS, SETS)
def test_equal_sets_are_one_key(one: set[str], other: set[str]) -> None:
    left, right = Capabilities.of(one), Capabilities.of(other)
    assert (left == right) == (set(left) == set(right)) == (left.fingerprint == right.fingerprint)
    if left == right:
        assert hash(left) == hash(right)
