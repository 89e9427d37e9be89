"""Whether servers answer the same: a server that gives less than was asked for would be fast for nothing."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bench.servers import Running

_OWN = frozenset({"id", "endCursor"})
"""Opaque to clients, and another text at each server."""
_MOMENT = re.compile(r"(t\d\d:\d\d:\d\d\.\d+)(\+00:00)")


class Disagreement(Exception):
    """Two servers gave different answers to the same question."""


def check(workload: str, servers: Sequence[Running]) -> int:
    """Raise `Disagreement` unless all give what the first gives; return how many values an answer has."""
    first, *others = servers
    asked = _sample(len(first.requests(workload).bodies))
    expected = [values(first.ask(first.requests(workload), at)) for at in asked]
    for other in others:
        for at, told in zip(asked, expected, strict=True):
            found = values(other.ask(other.requests(workload), at))
            if found != told:
                raise Disagreement(f"{workload}, request {at}: {_difference(first, told, other, found)}")
    return len(expected[0])


def values(answer: bytes) -> list[Any]:
    """Return the values of an answer in their order, as far as they must be the same everywhere."""
    return list(_values(json.loads(answer)["data"], ""))


def _sample(count: int) -> Sequence[int]:
    return range(0, count, max(1, count // 10))


def _values(part: Any, name: str) -> Iterator[Any]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _values(value, key)
    elif isinstance(part, list):
        for item in part:
            yield from _values(item, name)
    elif name in _OWN and part is not None:
        yield name
    else:
        yield _plain(part)


def _plain(value: Any) -> Any:
    """Return a value without the differences of form: words in capitals or not, zeros behind parts of a second."""
    if not isinstance(value, str):
        return value
    return _MOMENT.sub(lambda found: found[1].rstrip("0").rstrip(".") + found[2], value.lower())


def _difference(first: Running, told: list[Any], other: Running, found: list[Any]) -> str:
    if len(told) != len(found):
        return f"{first.peer.key} gives {len(told)} values and {other.peer.key} {len(found)}"
    one, another = next((a, b) for a, b in zip(told, found, strict=True) if a != b)
    return f"{first.peer.key} gives {one!r} where {other.peer.key} gives {another!r}"
