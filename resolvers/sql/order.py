"""Orderings as SQL, and keyset paging over them.

An ordering ends with the key, so no two rows are equal in it. Rows without a value come where PostgreSQL puts them,
last ascending and first descending, so that an index serves both directions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from resolvers.sql.binding import Binding
from resolvers.sql.scope import Predicate, Source
from schema.model import Kind, Model, ScalarField
from security.errors import BadUserInput


@dataclass(frozen=True)
class Step:
    """One field of an ordering."""

    field: ScalarField
    descending: bool


@dataclass(frozen=True)
class Ordering:
    """A total order of an entity's rows."""

    steps: tuple[Step, ...]

    @property
    def reversed(self) -> "Ordering":
        """The same order from the end."""
        return Ordering(tuple(Step(step.field, not step.descending) for step in self.steps))

    @cached_property
    def fingerprint(self) -> str:
        """The order as a text, the same for equal orders."""
        return ",".join(f"{step.field.name}{'-' if step.descending else '+'}" for step in self.steps)

    def clauses(self, source: Source) -> list[sa.ColumnElement[Any]]:
        """Return what stands after `order by`."""
        columns = [source.c[step.field.column.key] for step in self.steps]
        return [column.desc() if step.descending else column for step, column in zip(self.steps, columns, strict=True)]

    def after(self, source: Source, values: Sequence[Any], bind: Binding) -> Predicate:
        """Return the predicate of the rows that come after a place, given by a value for each step."""
        places = [
            _Place(
                source.c[step.field.column.key],
                step.descending,
                None if value is None else bind(value, step.field.column.type),
                step.field.nullable,
            )
            for step, value in zip(self.steps, values, strict=True)
        ]
        if self._is_one_way and all(place.value is not None for place in places):
            left = sa.tuple_(*(place.column for place in places))
            right = sa.tuple_(*(place.value for place in places))
            beyond: Predicate = left < right if self.steps[0].descending else left > right
            return beyond
        # Said once more, so that an index is read from the place on and not from its beginning.
        return sa.and_(places[0].not_before, _beyond(places))

    @property
    def _is_one_way(self) -> bool:
        """Whether PostgreSQL's comparison of rows tells the order: one direction, and nowhere a missing value."""
        directions = {step.descending for step in self.steps}
        return len(directions) == 1 and not any(step.field.nullable for step in self.steps)


@dataclass(frozen=True)
class _Place:
    column: sa.ColumnElement[Any]
    descending: bool
    value: sa.BindParameter[Any] | None
    nullable: bool

    @property
    def not_before(self) -> Predicate:
        """After the value or equal to it, as far as one comparison can tell."""
        if self.value is None or (self.nullable and not self.descending):
            return sa.true()
        return self.column <= self.value if self.descending else self.column >= self.value

    @property
    def beyond(self) -> Predicate:
        """Strictly after the value, where a missing value is the greatest."""
        if self.value is None:
            return self.column.is_not(None) if self.descending else sa.false()
        if self.descending:
            return self.column < self.value
        return sa.or_(self.column > self.value, self.column.is_(None))

    @property
    def same(self) -> Predicate:
        return self.column.is_(None) if self.value is None else self.column == self.value


def _beyond(places: Sequence[_Place]) -> Predicate:
    first, *rest = places
    if not rest:
        return first.beyond
    return sa.or_(first.beyond, sa.and_(first.same, _beyond(rest)))


def ordering(model: Model, given: Sequence[Mapping[str, Any]] | None) -> Ordering:
    """Return the ordering that a client asks for, ended by the key where that is not in it."""
    steps: dict[str, Step] = {}
    for one in given or ():
        field = model.fields[one["field"]]
        if field.name in steps:
            raise BadUserInput(f"`orderBy` names {field.name} twice: name each field once.")
        steps[field.name] = Step(field, one["direction"] == "desc")
    key = _key_field(model)
    if key.name not in steps:
        steps[key.name] = Step(key, descending=bool(steps) and all(step.descending for step in steps.values()))
    # No two rows are equal in the key, so what follows it orders nothing.
    return Ordering(tuple(steps.values())[: list(steps).index(key.name) + 1])


def _key_field(model: Model) -> ScalarField:
    return next(field for field in model.fields.values() if field.kind is Kind.KEY)
