"""Texts are counted without being parsed, and what is quoted in them does not count."""

import contextlib
import time

import pytest

from security.errors import TooExpensive
from security.limits import DocumentLimits, check_text

LIMITS = DocumentLimits(characters=100_000, tokens=100, braces=20, nesting=10, directives=5)
PADDING = "\n" * 200
"""Without it a text is so short that nothing has to be counted."""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a " * 101, "100 tokens"),
        ("{}" * 21, "20 braces"),
        ("{" * 11, "10 levels"),
        ("[" * 11, "10 levels"),
        ("{[" * 6, "10 levels"),
        ("@a " * 6, "5 directives"),
        (" " * 100_001, "100,000 characters"),
        ('"" ' + "@" * 6, "5 directives"),
        ('"\\"" ' + "@" * 6, "5 directives"),
        ('"""\\"""" """' + "@" * 6, "5 directives"),
        ("# {\n" + "@" * 6, "5 directives"),
        ('"\n' + "@" * 6, "5 directives"),
    ],
)
def test_too_much(text: str, words: str) -> None:
    with pytest.raises(TooExpensive, match=words):
        check_text(text + PADDING, LIMITS)


@pytest.mark.parametrize(
    "text",
    [
        "a " * 100,
        "{}" * 20,
        "{" * 10 + "}" * 10,
        "@a " * 5,
        '"' + "{@[" * 50 + '"',
        '"\\"' + "{@[" * 50 + '"',
        '"""' + '"{@[\n' * 50 + '"""',
        '"""\\"""' + "{@[\n" * 50 + '"""',
        "#" + "{@[" * 50,
        '# "\n a # """',
        ",,,," * 100,
    ],
)
def test_not_too_much(text: str) -> None:
    check_text(text + PADDING, LIMITS)


@pytest.mark.parametrize("piece", ['\\"', '"', '"""', '\\"""', '"" ', '"\\', "#", '""""\\"""', '"\n', "\\"])
def test_no_text_takes_more_than_its_length(piece: str) -> None:
    """A pattern that looks back would take minutes for some of these."""
    text = '"""' + piece * (60_000 // len(piece))
    begin = time.process_time()
    for start in ("", '"', '"""'):
        with contextlib.suppress(TooExpensive):
            check_text(start + text + "}" + "{" * 30, LIMITS)
    assert time.process_time() - begin < 2
