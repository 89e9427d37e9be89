"""Random groups of rows: what they are grouped by, what is told of them, and in which order."""

import random
from typing import TYPE_CHECKING

from schema.model import Kind, Model
from tests.fuzz.conditions import conditions
from tests.fuzz.operation import Arguments, Constant, Groups
from tests.model.groups import path_of
from tests.model.world import GRAPH

if TYPE_CHECKING:
    from tests.fuzz.chance import Chance

_GROUPED = (Kind.WORD, Kind.BOOLEAN, Kind.STRING)
_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_DIRECTIONS = (None, "ASC", "DESC")


def groups_of(asking: "Chance", model: Model) -> Groups:
    """Return a root field for groups of an entity's rows."""
    chance = asking.chance
    arguments: Arguments = {}
    if chance.random() < 0.5:
        arguments["where"] = conditions(asking, model, 2)
    if entries := _group_by(asking, model):
        arguments["groupBy"] = entries
    measures = _measures(asking, model)
    told = [f"{measure.upper()}_{model.fields[name].constant}" for measure, names in measures.items() for name in names]
    if steps := [step_of(chance, constant) for constant in told if chance.random() < 0.2]:
        arguments["orderBy"] = steps
    if chance.random() < 0.2:
        arguments["first"] = chance.choice((1, 3, 50))
    node = None
    if {"field": "ID"} in entries and asking.rights.reads(model.name):
        asking.asked.named.add(("read", model.name))
        node = asking.body(model, 1)
    return Groups(asking.key(), model, arguments, measures, node)


def step_of(chance: random.Random, constant: str) -> Arguments:
    """Return a step of an ordering."""
    direction = chance.choice(_DIRECTIONS)
    return {"field": Constant(constant)} | ({"direction": Constant(direction)} if direction else {})


def _measures(asking: "Chance", model: Model) -> dict[str, list[str]]:
    chance = asking.chance
    found: dict[str, list[str]] = {}
    for measure in chance.sample(("sum", "avg", "min", "max"), chance.randint(0, 3)):
        sums = measure in ("sum", "avg")
        names = [n for n, f in model.fields.items() if (f.kind.is_number if sums else f.kind.is_ordered)]
        if names:
            chosen = (asking.field(model, names, "measured") for _ in range(chance.randint(1, 2)))
            found[measure] = list(dict.fromkeys(chosen))
    return found


def _group_by(asking: "Chance", model: Model) -> list[Arguments]:
    entries = [_entry(asking, model, 2) for _ in range(asking.chance.choice((0, 1, 1, 2)))]
    # The gateway refuses to group by one thing twice, whatever the spans of time are.
    return list({path_of(model, entry): entry for entry in entries}.values())


def _entry(asking: "Chance", model: Model, depth: int) -> Arguments:
    chance = asking.chance
    if depth and chance.random() < 0.45:
        link = asking.link(model, model.to_one)
        if link:
            return {link.name: _entry(asking, GRAPH[link.target], depth - 1)}
    names = [n for n, f in model.fields.items() if f.kind in (*_GROUPED, Kind.DATETIME)]
    if not names or chance.random() < 0.2:
        return {"field": Constant("ID")}
    field = model.fields[asking.field(model, names, "measured")]
    unit = {"by": Constant(chance.choice(_UNITS))} if field.kind is Kind.DATETIME else {}
    return {"field": Constant(field.constant)} | unit
