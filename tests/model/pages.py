"""Orderings and pages: all rows sorted, then a slice of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from schema.model import Model
from tests.rows import Row


def compare(one: Any, other: Any) -> int:
    """Compare two values of a column; a missing one is greater than all others."""
    if one is None or other is None:
        return (one is None) - (other is None)
    return int(one > other) - int(one < other)


def in_order(model: Model, rows: Sequence[Row], order_by: Sequence[Mapping[str, str]]) -> list[Row]:
    """Return rows in the order that a client asks for; equal ones by key, which goes down where all steps do."""
    fields = {field.constant: field.column.name for field in model.fields.values()}
    steps = [(fields[step["field"]], step.get("direction") == "DESC") for step in order_by]
    steps.append(("id", bool(steps) and all(descending for _, descending in steps)))

    def compared(one: Row, other: Row) -> int:
        for column, descending in steps:
            if result := compare(one[column], other[column]):
                return -result if descending else result
        return 0

    return sorted(rows, key=cmp_to_key(compared))


@dataclass(frozen=True)
class Slice:
    """A page of sorted rows, with what `pageInfo` says of it."""

    rows: list[Row]
    has_next: bool
    has_previous: bool


def page(
    rows: Sequence[Row],
    *,
    first: int | None = None,
    last: int | None = None,
    after: Row | None = None,
    before: Row | None = None,
    size: int = 0,
) -> Slice:
    """Return a page as Relay's cursor connections have it; `size` is that of a page that asks for no number."""
    keys = [row["id"] for row in rows]
    start = 0 if after is None else keys.index(after["id"]) + 1
    end = len(rows) if before is None else keys.index(before["id"])
    between = rows[start : max(start, end)]
    if last is not None:
        return Slice(list(between[-last:]), before is not None, len(between) > last)
    length = size if first is None else first
    return Slice(list(between[:length]), len(between) > length, after is not None)
