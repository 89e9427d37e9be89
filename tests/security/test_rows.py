"""Row rules: which condition each set of capabilities makes of one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.capabilities import Capabilities, Reach
from security.rows import (
    AllOf,
    Always,
    AnyOf,
    Claim,
    Compare,
    Comparison,
    Condition,
    Never,
    RowRule,
    all_of,
    any_of,
    assigned,
    granted,
    owner,
    territory,
    tier,
)

OWN = Compare("customer_id", Comparison.EQUALS, Claim.CUSTOMER_ID)
TERRITORY = Compare("customer.region", Comparison.AMONG, Claim.REGIONS)
TIER = Compare("tier_id", Comparison.ABSENT_OR_EQUALS, Claim.CUSTOMER_TIER)
ASSIGNED = Compare("warehouse_id", Comparison.AMONG_IF_NAMED, Claim.WAREHOUSE_IDS)

ORDERS = granted("orders:read") | owner("customer_id") | territory("customer.region")
PRICES = granted("orders:read") | tier("tier_id")
STOCK = granted("orders:read") & assigned("warehouse_id")
RULES = (granted("orders:read"), ORDERS, PRICES, STOCK)


def condition(rule: RowRule, *capabilities: str) -> Condition:
    return rule.condition(Capabilities.of(capabilities))


def total(rule: RowRule, *capabilities: str) -> Condition:
    return rule.total(Capabilities.of(capabilities))


def test_without_the_capability_no_row_is_seen() -> None:
    for rule in RULES:
        assert condition(rule) == condition(rule, "customers:read") == total(rule) == Never()


def test_with_the_capability_in_full_every_row_is_seen() -> None:
    assert condition(granted("orders:read"), "orders:read") == Always()
    assert condition(ORDERS, "orders:read") == condition(PRICES, "orders:read") == Always()


def test_what_narrows_does_so_for_everybody() -> None:
    assert condition(STOCK, "orders:read") == ASSIGNED
    assert total(STOCK, "orders:read:aggregate") == ASSIGNED


@pytest.mark.parametrize(
    ("rule", "reaches", "expected"),
    [
        (ORDERS, ["own"], OWN),
        (ORDERS, ["territory"], TERRITORY),
        (ORDERS, ["own", "territory"], AnyOf((OWN, TERRITORY))),
        (ORDERS, ["tier"], Never()),
        (ORDERS, ["aggregate"], Never()),
        (ORDERS, ["own", "aggregate"], OWN),
        (PRICES, ["tier"], TIER),
        (PRICES, ["own", "territory"], Never()),
        (STOCK, ["own"], Never()),
        (granted("orders:read"), ["own", "territory", "tier"], Never()),
    ],
)
def test_a_reach_shows_the_rows_of_its_word(rule: RowRule, reaches: list[str], expected: Condition) -> None:
    assert condition(rule, *(f"orders:read:{reach}" for reach in reaches)) == expected


def test_who_may_count_counts_every_row() -> None:
    assert total(ORDERS, "orders:read:aggregate") == Always()
    assert total(ORDERS, "orders:read:aggregate", "orders:read:own") == Always()
    assert total(ORDERS, "orders:read:own") == OWN
    assert total(ORDERS, "customers:read:aggregate") == Never()


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (granted("orders:read"), "orders:read"),
        (
            ORDERS,
            "orders:read or customer_id = principal.customer_id or customer.region in principal.regions",
        ),
        (PRICES, "orders:read or tier_id is null or = principal.customer_tier"),
        (STOCK, "(orders:read) and (warehouse_id in, where the token names any, principal.warehouse_ids)"),
    ],
)
def test_a_rule_reads_as_text(rule: RowRule, text: str) -> None:
    assert str(rule) == text


def test_rules_that_may_hide_rows() -> None:
    assert [rule.hides_rows for rule in RULES] == [False, True, True, True]


@pytest.mark.parametrize("rule", [owner("id"), granted("a:read") | granted("b:read")])
def test_a_rule_names_one_capability(rule: RowRule) -> None:
    with pytest.raises(TypeError, match="names one capability"):
        _ = rule.capability


def test_what_a_rule_compares_with() -> None:
    assert ORDERS.comparisons == (OWN, TERRITORY)
    assert STOCK.comparisons == (ASSIGNED,)
    assert granted("orders:read").comparisons == ()


CONDITIONS = st.sampled_from([Always(), Never(), OWN, TERRITORY])


def holds(it: Condition, truth: dict[Compare, bool]) -> bool:
    match it:
        case Always():
            return True
        case Never():
            return False
        case AllOf(parts):
            return all(holds(part, truth) for part in parts)
        case AnyOf(parts):
            return any(holds(part, truth) for part in parts)
        case Compare():
            return truth[it]


@given(CONDITIONS, CONDITIONS)
def test_simplifying_changes_nothing(left: Condition, right: Condition) -> None:
    for own, region in itertools.product((False, True), repeat=2):
        truth = {OWN: own, TERRITORY: region}
        assert holds(any_of(left, right), truth) == (holds(left, truth) or holds(right, truth))
        assert holds(all_of(left, right), truth) == (holds(left, truth) and holds(right, truth))


@given(st.sampled_from(RULES), st.sets(st.sampled_from(["", *(f":{reach}" for reach in Reach)])))
def test_the_conditions_of_each_capability_together_are_the_rules(rule: RowRule, held: set[str]) -> None:
    """PostgreSQL's policy is made of them: it must show what may be read or counted, and no more."""
    capabilities = Capabilities.of(f"orders:read{reach}" for reach in held)
    shown = [condition for name, condition in rule.conditions.items() if name in capabilities.granted]
    compares = (OWN, TERRITORY, TIER, ASSIGNED)
    for values in itertools.product((False, True), repeat=len(compares)):
        truth = dict(zip(compares, values, strict=True))
        assert any(holds(it, truth) for it in shown) == holds(rule.total(capabilities), truth)
