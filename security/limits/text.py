"""Limits of a document's text, counted without parsing it."""

import re

from security.errors import TooExpensive
from security.limits.bounds import DocumentLimits

# Possessive, and with ends that may be missing: each character is read once, whatever stands in the text.
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\"""|\\|"(?!""))*+(?:""")?'
    r'|"(?:[^"\\\n\r]|\\[^\n\r])*+"?'
    r"|#[^\n\r]*+"
)
_TOKEN = re.compile(r"[0-9A-Za-z_.+-]+|[^\s,\ufeff]")
_BRACKET = re.compile(r"[{}\[\]]")
_OPENING = frozenset("{[")


def check_text(text: str, limits: DocumentLimits) -> None:
    """Raise `TooExpensive` for a text that has too much of something.

    Most texts are so short that they can't have; that takes less than 1 µs. The others are read once, about 0.2 µs a
    token. Texts and comments inside count as one token each.
    """
    if len(text) > limits.characters:
        raise _too_much(f"is longer than {limits.characters:,} characters")
    if _is_harmless(text, limits):
        return
    bare = _QUOTED.sub(" 0 ", text)
    if bare.count("{") > limits.braces:
        raise _too_much(f"has more than {limits.braces:,} braces")
    if bare.count("@") > limits.directives:
        raise _too_much(f"has more than {limits.directives:,} directives")
    if len(_TOKEN.findall(bare)) > limits.tokens:
        raise _too_much(f"has more than {limits.tokens:,} tokens")
    if _nesting(bare) > limits.nesting:
        raise _too_much(f"is nested deeper than {limits.nesting:,} levels of braces and brackets")


def _is_harmless(text: str, limits: DocumentLimits) -> bool:
    """Tell whether the text is within the limits even if nothing of it is quoted and each character is a token."""
    braces = text.count("{")
    return (
        len(text) <= limits.tokens
        and braces <= limits.braces
        and braces + text.count("[") <= limits.nesting
        and text.count("@") <= limits.directives
    )


def _nesting(bare: str) -> int:
    deepest = level = 0
    for bracket in _BRACKET.findall(bare):
        if bracket in _OPENING:
            level += 1
            deepest = max(deepest, level)
        else:
            level -= 1
    return deepest


def _too_much(fault: str) -> TooExpensive:
    return TooExpensive(f"The document {fault}: ask for less at a time, and send values as variables.")
