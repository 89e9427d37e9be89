"""Random filters, orderings and groupings over an entity, as the variables that a client would send."""

from typing import Any

from hypothesis import strategies as st

from schema.model import Graph, Kind, Link, Model, ScalarField
from tests.operands import OF_SAMPLE, Operands

Given = dict[str, Any]

_EQUALITY = ("eq", "ne", "in", "notIn")
_RANGE = ("lt", "lte", "gt", "gte")
_TEXT = ("contains", "startsWith", "endsWith")
OPERATORS: dict[Kind, tuple[str, ...]] = {
    Kind.KEY: (*_EQUALITY, *_RANGE),
    Kind.STRING: (*_EQUALITY, *_TEXT, "isNull"),
    Kind.INTEGER: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.DECIMAL: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.BOOLEAN: ("eq", "ne", "isNull"),
    Kind.DATETIME: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.JSON: ("isNull",),
    Kind.WORD: (*_EQUALITY, "isNull"),
}
"""What each kind of field can be compared by."""

_GROUPED = (Kind.WORD, Kind.BOOLEAN, Kind.STRING)
_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_DIRECTIONS: tuple[Given, ...] = ({}, {"direction": "ASC"}, {"direction": "DESC"})


class Choices:
    """Strategies over what somebody sees of the graph; each is made once, which is most of what they cost."""

    def __init__(self, graph: Graph, operands: Operands = OF_SAMPLE) -> None:
        self.graph = graph
        self.operands = operands
        self._filters: dict[tuple[str, int], st.SearchStrategy[Given]] = {}

    def readable(self) -> st.SearchStrategy[str]:
        """Return the entities whose rows may be read."""
        return st.sampled_from([model.name for model in self.graph if model.readable])

    def countable(self) -> st.SearchStrategy[str]:
        """Return the entities whose rows may be counted."""
        return st.sampled_from([model.name for model in self.graph])

    def filters(self, name: str, depth: int = 2) -> st.SearchStrategy[Given]:
        """Return filters on rows of an entity; `depth` counts links and logical words within each other."""
        if (name, depth) not in self._filters:
            self._filters[name, depth] = self._new_filters(self.graph[name], depth)
        return self._filters[name, depth]

    def groupings(self, name: str, most: int = 3) -> st.SearchStrategy[list[Given]]:
        """Return lists of things to group by, each of them once."""
        entry = self._grouped_by(self.graph[name], 2)
        return st.lists(entry, max_size=most, unique_by=lambda given: repr(_without_unit(given)))

    def _new_filters(self, model: Model, depth: int) -> st.SearchStrategy[Given]:
        parts: list[st.SearchStrategy[Given]] = [_on_id(self.operands.ids(model))] if model.readable else []
        parts += [_named(field.name, _conditions(field, self.operands)) for field in model.comparable.values()]
        if depth:
            inner = self.filters(model.name, depth - 1)
            several = st.lists(inner, max_size=3)
            parts += [_named("and", several), _named("or", several), _named("not", inner)]
            # Links weigh as much as fields, which are more.
            parts += [self._through(link, depth) for link in model.links.values()] * 3
        return st.lists(st.one_of(parts), max_size=2).map(_merged)

    def _through(self, link: Link, depth: int) -> st.SearchStrategy[Given]:
        inner = self.filters(link.target, depth - 1)
        if not link.many:
            return _named(link.name, inner)
        words = st.dictionaries(st.sampled_from(("some", "every", "none")), inner, min_size=1, max_size=2)
        return _named(link.name, words)

    def _grouped_by(self, model: Model, depth: int) -> st.SearchStrategy[Given]:
        entries: list[st.SearchStrategy[Given]] = [st.just({"field": "ID"})]
        for field in (field for name, field in model.comparable.items() if name in model.measured):
            if field.kind in _GROUPED:
                entries.append(st.just({"field": field.constant}))
            elif field.kind is Kind.DATETIME:
                entries.append(_dated(field.constant))
        if depth:
            linked = [_named(link.name, self._grouped_by(self.graph[link.target], depth - 1)) for link in model.to_one]
            entries += linked * 2
        return st.one_of(entries)


def orderings(model: Model, most: int = 3, least: int = 0) -> st.SearchStrategy[list[Given]]:
    """Return orderings of rows of an entity by so many fields, each in it once."""
    fields = [field for field in model.comparable.values() if field.kind is not Kind.JSON]
    # What is hard about an order is where values are absent.
    constants = [field.constant for field in fields for _ in range(3 if field.nullable else 1)]
    step = st.tuples(st.sampled_from(constants), st.sampled_from(_DIRECTIONS))
    steps = st.lists(step, min_size=least, max_size=most, unique_by=lambda step: step[0])
    return steps.map(lambda steps: [{"field": name} | direction for name, direction in steps])


def orders_of_groups(model: Model, most: int = 2) -> st.SearchStrategy[list[Given]]:
    """Return orderings of groups by what is told of them."""
    numbers = [field.constant for field in model.measured.values() if field.kind.is_number]
    ordered = [field.constant for field in model.measured.values() if field.kind.is_ordered]
    names = ["COUNT"]
    names += [f"{measure}_{constant}" for measure in ("SUM", "AVG") for constant in numbers]
    names += [f"{measure}_{constant}" for measure in ("MIN", "MAX") for constant in ordered]
    step = st.tuples(st.sampled_from(names), st.sampled_from(_DIRECTIONS))
    return st.lists(step, max_size=most).map(lambda steps: [{"field": name} | direction for name, direction in steps])


def _named(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Given]:
    return values.map(lambda value: {name: value})


def _merged(parts: list[Given]) -> Given:
    merged: Given = {}
    for part in parts:
        merged |= part
    return merged


def _on_id(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Given]:
    return st.one_of(_named("eq", ids), _named("in", st.lists(ids, max_size=8))).map(lambda given: {"id": given})


def _conditions(field: ScalarField, operands: Operands) -> st.SearchStrategy[Given]:
    def condition(operator: str) -> st.SearchStrategy[Given]:
        if operator == "isNull":
            return _named(operator, st.booleans())
        if operator in _TEXT:
            return _named(operator, operands.pieces(field))
        operand = operands.values(field)
        return _named(operator, st.lists(operand, max_size=4) if operator in ("in", "notIn") else operand)

    one = st.sampled_from(OPERATORS[field.kind]).flatmap(condition)
    return st.lists(one, min_size=1, max_size=2).map(_merged)


def _dated(constant: str) -> st.SearchStrategy[Given]:
    return st.sampled_from(_UNITS).map(lambda unit: {"field": constant, "by": unit})


def _without_unit(given: Given) -> Given:
    named = {name: value for name, value in given.items() if name != "by"}
    return {name: value if isinstance(value, str) else _without_unit(value) for name, value in named.items()}
