"""Random filters whose values are those of the data, mostly of rows that the asker must not see."""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from schema.model import Kind, Model, ScalarField
from tests.fuzz.operation import Arguments, Constant
from tests.model.world import GRAPH, as_id
from tests.operations import OPERATORS

if TYPE_CHECKING:
    from tests.fuzz.chance import Chance

_NONE_HELD: dict[Kind, Any] = {Kind.STRING: "x", Kind.DATETIME: dt.datetime(2025, 1, 1, tzinfo=dt.UTC)}
_SENT: dict[Kind, Callable[[Any], Any]] = {
    Kind.KEY: str,
    Kind.DECIMAL: str,
    Kind.DATETIME: lambda moment: moment.isoformat(),
    Kind.WORD: lambda word: Constant(word.upper()),
}


def conditions(asking: "Chance", model: Model, depth: int) -> Arguments:
    """Return a filter on rows of an entity, with at most so many links and logical words within each other."""
    chance = asking.chance
    parts = [_part(asking, model, depth) for _ in range(chance.choice((1, 1, 2)))]
    merged = {name: value for part in parts for name, value in part.items()}
    # None may be lost: whatever the filter was meant to name, it must name.
    return merged if len(merged) == len(parts) else {"and": parts}


def _part(asking: "Chance", model: Model, depth: int) -> Arguments:
    chance = asking.chance
    kind = chance.random()
    link = asking.link(model, model.links.values()) if depth and kind < 0.4 else None
    if link is not None:
        inner = conditions(asking, GRAPH[link.target], depth - 1)
        return {link.name: {chance.choice(("some", "every", "none")): inner} if link.many else inner}
    if depth and kind < 0.55:
        several = [conditions(asking, model, depth - 1) for _ in range(chance.randint(0, 2))]
        return {chance.choice(("and", "or")): several}
    if depth and kind < 0.65:
        return {"not": conditions(asking, model, depth - 1)}
    if kind < 0.72 and (asking.rights.reads(model.name) or chance.random() < 0.1):
        asking.asked.named.add(("read", model.name))
        rows = chance.sample(asking.data.tables[model.table.name], 2)
        return {"id": {"in": [as_id(model, row) for row in rows]}}
    field = model.fields[asking.field(model, model.fields)]
    return {field.name: _condition(asking, field)}


def _condition(asking: "Chance", field: ScalarField) -> Arguments:
    chance = asking.chance
    operator = chance.choice(OPERATORS[field.kind])
    if operator == "isNull":
        return {operator: chance.random() < 0.5}
    held = asking.data.held(field)
    sent = _SENT.get(field.kind, lambda value: value)

    def operand() -> Any:
        return sent(chance.choice(held) if held else _NONE_HELD.get(field.kind, 0))

    if operator in ("contains", "startsWith", "endsWith"):
        text = operand()
        start = chance.randint(0, 2)
        return {operator: text[start : start + chance.randint(0, 4)]}
    if operator in ("in", "notIn"):
        return {operator: [operand() for _ in range(chance.randint(0, 3))]}
    return {operator: operand()}
