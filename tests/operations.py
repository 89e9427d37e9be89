"""Random filters, orderings and groupings over an entity, as the variables that a client would send."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schema.model import Graph, Kind, Link, Model, ScalarField
from tests.model.world import as_id
from tests.sample import SAMPLE

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

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
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
        parts: list[st.SearchStrategy[Given]] = [_on_id(model)] if model.readable else []
        parts += [_named(field.name, _conditions(field)) for field in model.comparable.values()]
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
        for field in model.comparable.values():
            if field.kind in _GROUPED:
                entries.append(st.just({"field": field.constant}))
            elif field.kind is Kind.DATETIME:
                entries.append(_dated(field.constant))
        if depth:
            linked = [_named(link.name, self._grouped_by(self.graph[link.target], depth - 1)) for link in model.to_one]
            entries += linked * 2
        return st.one_of(entries)


def orderings(model: Model, most: int = 3) -> st.SearchStrategy[list[Given]]:
    """Return orderings of rows of an entity, each field in it once."""
    constants = [field.constant for field in model.comparable.values() if field.kind is not Kind.JSON]
    step = st.tuples(st.sampled_from(constants), st.sampled_from(_DIRECTIONS))
    steps = st.lists(step, max_size=most, unique_by=lambda step: step[0])
    return steps.map(lambda steps: [{"field": name} | direction for name, direction in steps])


def orders_of_groups(model: Model, most: int = 2) -> st.SearchStrategy[list[Given]]:
    """Return orderings of groups by what is told of them."""
    numbers = [field.constant for field in model.fields.values() if field.kind.is_number]
    ordered = [field.constant for field in model.fields.values() if field.kind.is_ordered]
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


def _on_id(model: Model) -> st.SearchStrategy[Given]:
    ids = st.sampled_from([as_id(model, row) for row in SAMPLE[model.table.name]] + [as_id(model, {"id": 2**63 - 1})])
    return st.one_of(_named("eq", ids), _named("in", st.lists(ids, max_size=8))).map(lambda given: {"id": given})


def _conditions(field: ScalarField) -> st.SearchStrategy[Given]:
    def condition(operator: str) -> st.SearchStrategy[Given]:
        if operator == "isNull":
            return _named(operator, st.booleans())
        if operator in _TEXT:
            return _named(operator, _pieces(field))
        operand = _operands(field)
        return _named(operator, st.lists(operand, max_size=4) if operator in ("in", "notIn") else operand)

    one = st.sampled_from(OPERATORS[field.kind]).flatmap(condition)
    return st.lists(one, min_size=1, max_size=2).map(_merged)


def _operands(field: ScalarField) -> st.SearchStrategy[Any]:
    """Return values to compare a field with: those that it has somewhere, and some near them."""
    values = st.sampled_from(_held(field))
    others: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.STRING: values.map(str.upper),
        Kind.KEY: st.sampled_from([-(2**63), 2**63 - 1, 0]),
        Kind.INTEGER: st.sampled_from([0, -(2**31), 2**31 - 1]),
        Kind.DECIMAL: st.one_of(values.map(_nearby), st.sampled_from(["1E+30", "-1e-30", "0.005"])),
        Kind.DATETIME: st.just("2025-01-01T00:00:00-03:00"),
        Kind.WORD: st.sampled_from(list(field.words or ("",))),
    }
    as_sent: dict[Kind, Callable[[Any], Any]] = {
        Kind.KEY: str,
        Kind.DECIMAL: str,
        Kind.DATETIME: lambda value: value if isinstance(value, str) else _in_some_zone(value),
        Kind.WORD: lambda word: str(word).upper(),
    }
    either = st.one_of(values, others[field.kind]) if field.kind in others else values
    return either.map(as_sent.get(field.kind, lambda value: value))


def _nearby(value: Decimal) -> str:
    """Return a number that differs from the value by less than a cent, which the column can't hold."""
    return str(value + Decimal("0.004"))


def _in_some_zone(moment: dt.datetime) -> str:
    return moment.astimezone(dt.timezone(dt.timedelta(hours=moment.second % 24 - 12, minutes=30))).isoformat()


def _pieces(field: ScalarField) -> st.SearchStrategy[str]:
    """Return pieces of a field's values, in other capitals, and characters that mean something in patterns."""
    texts = st.sampled_from([*_held(field), ""])
    piece = st.tuples(texts, st.integers(0, 8), st.integers(0, 8)).map(lambda cut: cut[0][cut[1] : cut[1] + cut[2]])
    return st.one_of(
        piece,
        piece.map(str.upper),
        piece.map(str.lower),
        st.sampled_from(["%", "_", "\\", "\\%", "%%", "{}", "0_", ""]),
    )


def _held(field: ScalarField) -> list[Any]:
    """Return the values that a field has in the sample."""
    return sorted({row[field.column.name] for row in SAMPLE[field.column.table.name]} - {None})


def _dated(constant: str) -> st.SearchStrategy[Given]:
    return st.sampled_from(_UNITS).map(lambda unit: {"field": constant, "by": unit})


def _without_unit(given: Given) -> Given:
    named = {name: value for name, value in given.items() if name != "by"}
    return {name: value if isinstance(value, str) else _without_unit(value) for name, value in named.items()}
