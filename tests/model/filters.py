"""Filters, one row at a time."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from schema.model import Kind, Link, Model, ScalarField
from tests.model.world import GRAPH, Seen, as_id
from tests.rows import Row

Where = Mapping[str, Any]
SENSITIVE = {
    "customers.pii:read",
    "customers.credit:read",
    "orders.notes:read",
    "suppliers:read",
    "interactions.messages:read",
}
"""What is needed for personal data and credit, by which nobody chooses rows that they count and may not read."""


def matches(world: Seen, model: Model, row: Row, where: Where) -> bool:
    """Tell whether a row is as a filter says, given as the variable that a client would send."""
    return all(_holds(world, model, row, name, value) for name, value in where.items())


def _holds(world: Seen, model: Model, row: Row, name: str, value: Any) -> bool:
    if name in ("and", "or", "not"):
        parts = [matches(world, model, row, part) for part in ([value] if name == "not" else value)]
        return {"and": all(parts), "or": any(parts), "not": not any(parts)}[name]
    if name == "id":
        chosen = all(as_id(model, row) in (ids if word == "in" else [ids]) for word, ids in value.items())
        return not value or (chosen and world.may_read(model, row))
    if name in model.fields:
        field = model.fields[name]
        if (field.kind is Kind.KEY or field.read in SENSITIVE) and value and not world.may_read(model, row):
            return False
        return all(_compares(field, row[field.column.name], word, operand) for word, operand in value.items())
    return _holds_beyond(world, model.links[name], row, value)


def _holds_beyond(world: Seen, link: Link, row: Row, value: Any) -> bool:
    target, others = GRAPH[link.target], world.linked(link, row)
    if not link.many:
        return any(matches(world, target, other, value) for other in others)
    return all(
        _quantified(word, [matches(world, target, other, inner) for other in others]) for word, inner in value.items()
    )


def _quantified(word: str, results: list[bool]) -> bool:
    return {"some": any(results), "every": all(results), "none": not any(results)}[word]


def _compares(field: ScalarField, value: Any, word: str, operand: Any) -> bool:
    match word:
        case "isNull":
            return bool((value is None) == operand)
        case "ne":
            return value is None or value != _read(field, operand)
        case "notIn":
            return value is None or all(value != _read(field, one) for one in operand)
    if value is None:
        return False
    if word == "in":
        return any(value == _read(field, one) for one in operand)
    return bool(_COMPARISONS[word](value, _read(field, operand)))


def _read(field: ScalarField, operand: Any) -> Any:
    """Return what a value in a variable stands for."""
    match field.kind:
        case Kind.DECIMAL:
            return Decimal(operand)
        case Kind.DATETIME:
            return dt.datetime.fromisoformat(operand)
        case Kind.KEY:
            return int(operand)
        case Kind.WORD:
            return operand.lower()
    return operand


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, operand: value == operand,
    "lt": lambda value, operand: value < operand,
    "lte": lambda value, operand: value <= operand,
    "gt": lambda value, operand: value > operand,
    "gte": lambda value, operand: value >= operand,
    "contains": lambda value, operand: operand.lower() in value.lower(),
    "startsWith": lambda value, operand: value.lower().startswith(operand.lower()),
    "endsWith": lambda value, operand: value.lower().endswith(operand.lower()),
}
