"""Trees are measured in one pass, fragments at each place that spreads them."""

import time

import pytest
from graphql import parse

from security.errors import TooExpensive
from security.limits import CyclicFragments, DocumentLimits, check_document


def check(text: str, **limits: int) -> None:
    check_document(parse(text, allow_empty_selection_sets=False), DocumentLimits(**limits))


FRAGMENTS = "{ a { ...F } ...G } fragment F on T { b { c d: d } } fragment G on T { a { ...F } ... { e } }"


@pytest.mark.parametrize(
    ("limit", "least", "words"),
    [
        ("depth", 3, "levels of fields"),
        # Those of the operation, and those of each fragment by itself.
        ("fields", 9 + 5, "fields"),
        ("aliases", 2 + 1, "aliases"),
        ("spreads", 3 + 1, "fragment spreads"),
        ("inline_fragments", 1 + 1, "inline fragments"),
        ("roots", 3, "root fields"),
        ("fragments", 2, "fragments"),
        ("operations", 1, "operations"),
    ],
)
def test_each_limit(limit: str, least: int, words: str) -> None:
    check(FRAGMENTS, **{limit: least})
    with pytest.raises(TooExpensive, match=words):
        check(FRAGMENTS, **{limit: least - 1})


def test_fields_that_merge() -> None:
    text = "{ a { b } a { b } ...F } fragment F on T { a { b } }"
    # Three of `a` and three of `b` below them, each beside each; alone the fragment has none.
    check(text, overlaps=12)
    with pytest.raises(TooExpensive, match="pairs of fields"):
        check(text, overlaps=11)


def test_aliases_merge_with_what_they_are_called() -> None:
    with pytest.raises(TooExpensive, match="pairs of fields"):
        check("{ a { c } b: a { c } a: b { c } b { c } }", overlaps=7)


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on T { ...A }",
        "{ a } fragment A on T { b { ...B } } fragment B on T { ... { ...A } }",
    ],
)
def test_circles(text: str) -> None:
    with pytest.raises(CyclicFragments, match=r"A|B"):
        check(text)


def test_fragments_that_are_not_there() -> None:
    check("{ a ...Absent }")


def test_numbers_do_not_grow_without_end() -> None:
    chain = "".join(f"fragment F{at} on T {{ ...F{at + 1} ...F{at + 1} }} " for at in range(50))
    with pytest.raises(TooExpensive):
        check("{ ...F0 } " + chain + "fragment F50 on T { a }", spreads=999_999)


@pytest.mark.parametrize("doublings", [16, 60])
def test_what_no_operation_spreads_is_measured_with_all_that_it_spreads(doublings: int) -> None:
    unused = "".join(f"fragment F{at} on T {{ ...F{at + 1} ...F{at + 1} }} " for at in range(doublings))
    fields = " ".join(f"f{at}" for at in range(80))
    begin = time.process_time()
    with pytest.raises(TooExpensive, match="2,000 fields"):
        check(f"{{ x {{ {fields} }} }} {unused} fragment F{doublings} on T {{ a }}")
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("{ a(b: [1, 2, 3]) }", "2 items"), ("{ a(b: {c: [[[1, 2, 3]]]}) }", "2 items"), ("{ a(b: -123) }", "3 digits")],
)
def test_literals(text: str, words: str) -> None:
    check(text, items=3, digits=4)
    with pytest.raises(TooExpensive, match=words):
        check(text, items=2, digits=3)
