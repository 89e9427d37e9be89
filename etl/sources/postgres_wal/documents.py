"""What PostgreSQL takes for JSON, and other readers of JSON don't."""

import re
from typing import Final

DEEPEST: Final = 500
"""How deep a document may be nested: what BigQuery's JSON takes, and recursive readers survive."""

_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_NUMBERS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')
# Shorter numbers without an exponent are below the largest double, which has 309 digits.
_MAY_BE_LARGE: Final = re.compile(rb"\d{309}|\d[eE]")


def is_readable(document: bytes) -> bool:
    """Tell whether a valid document is one that every reader takes: not too deep, and no number beyond a double."""
    return not (_is_deep(document) or _has_large_number(document))


def _is_deep(document: bytes) -> bool:
    if document.count(b"[") + document.count(b"{") <= DEEPEST:
        return False
    depth = deepest = 0
    for found in _BRACKETS.finditer(document):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest > DEEPEST


def _has_large_number(document: bytes) -> bool:
    if not _MAY_BE_LARGE.search(document):
        return False
    numbers = (found[0] for found in _NUMBERS.finditer(document) if not found[0].startswith(b'"'))
    return any(abs(float(number)) == float("inf") for number in numbers)
