"""Groupings as SQL: what rows of a group have in common, and what is told of the group."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from resolvers.sql.scope import Scope, Source, all_hold, joined
from schema.derive.aggregates import GROUPED_BY_UNIT, measures
from schema.entity import policy_column
from schema.model import Kind, Link, Model, ScalarField
from security.errors import BadUserInput

BUSINESS_TIME_ZONE = "America/Sao_Paulo"
"""Where Cienty's days begin and end."""

_DECIMALS_OF_AVERAGES = 4


@dataclass(frozen=True)
class GroupKey:
    """One thing that rows of a group have in common, by the path of its names: `("customer", "region")`.

    `unit` is the span of time by which points in time are grouped, and `expression` its first day.
    """

    path: tuple[str, ...]
    model: Model
    field: ScalarField
    is_row: bool
    expression: sa.ColumnElement[Any]
    unit: str | None = None


@dataclass
class Grouping:
    """A source of rows, joined with the rows that its groups' keys lie in."""

    scope: Scope
    model: Model
    source: Source
    keys: list[GroupKey] = field(default_factory=list)
    joins: dict[tuple[str, ...], tuple[Link, Source, Source]] = field(default_factory=dict)

    def add(self, given: Mapping[str, Any]) -> None:
        """Add what one entry of `groupBy` names."""
        key = self._key((), self.model, self.source, given)
        if any(key.path == other.path for other in self.keys):
            raise BadUserInput(f"`groupBy` names {'.'.join(key.path)} twice: name each thing once.")
        self.keys.append(key)

    def joined_source(self) -> sa.FromClause:
        """Return the rows with those that they link to, as far as the principal may see them."""
        result: sa.FromClause = self.source
        for link, source, other in self.joins.values():
            target = self.scope.seen.target(link)
            linked = all_hold(joined(link, source, other), self.scope.visible(target, other))
            result = result.outerjoin(other, linked)
        return result

    def _key(self, path: tuple[str, ...], model: Model, source: Source, given: Mapping[str, Any]) -> GroupKey:
        named = [name for name, value in given.items() if name != "by" and value is not None]
        if len(named) != 1:
            raise BadUserInput("An entry of `groupBy` names one thing: a `field`, or one link and a field of its rows.")
        [name] = named
        if name != "field":
            if given.get("by") is not None:
                raise BadUserInput("`by` stands beside the `field` that it is for.")
            link = model.links[name]
            return self._key((*path, name), self.scope.seen.target(link), self._join(path, link, source), given[name])
        return self._field_key(path, model, source, given)

    def _field_key(self, path: tuple[str, ...], model: Model, source: Source, given: Mapping[str, Any]) -> GroupKey:
        name, unit = given["field"], given.get("by")
        is_row = name == "id"
        found = model.fields["databaseId" if is_row else name]
        column = source.c[found.column.key]
        if (found.kind in GROUPED_BY_UNIT) != (unit is not None):
            told = "needs `by`, a span of time" if unit is None else "is no time and has no `by`"
            raise BadUserInput(f"`groupBy`: {name} {told}.")
        expression = column if unit is None else _start_of(unit, found, column)
        return GroupKey((*path, name), model, found, is_row, expression, unit)

    def _join(self, path: tuple[str, ...], link: Link, source: Source) -> Source:
        at = (*path, link.name)
        if at not in self.joins:
            self.joins[at] = (link, source, self.scope.seen.target(link).table.alias())
        return self.joins[at][2]


def _start_of(unit: str, of: ScalarField, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return the first day of the span that a value lies in."""
    local = (
        sa.func.timezone(sa.literal_column(f"'{BUSINESS_TIME_ZONE}'"), column) if of.kind is Kind.DATETIME else column
    )
    # As text and not as a parameter: `group by` must be the same expression as what is selected.
    return sa.cast(sa.func.date_trunc(sa.literal_column(f"'{unit}'"), local), sa.Date())


def told_groups(groups: sa.Select[Any], scope: Scope, model: Model, source: Source, least: int) -> sa.Select[Any]:
    """Return a statement of groups without those too small for whoever may count their rows and not read them.

    What is counted are the pharmacies that rows belong to: five orders of one pharmacy are that pharmacy's. Groups
    whose rows may all be read are told whatever their size.
    """
    if not model.counts_unseen:
        return groups
    owner = model.rows.owner
    number = sa.func.count() if owner is None else sa.func.count(source.c[policy_column(owner)].distinct())
    is_large = number >= sa.literal_column(str(least))
    readable = replace(scope, totals=False).visible(model, source)
    return groups.having(is_large if isinstance(readable, sa.False_) else sa.or_(is_large, sa.func.bool_and(readable)))


def measure_expressions(model: Model, source: Source) -> dict[str, sa.ColumnElement[Any]]:
    """Return what is told of each group: `count`, and `sum.total`, `avg.total`… by their names."""
    told: dict[str, sa.ColumnElement[Any]] = {"count": sa.func.count()}
    for measure, of in measures(model):
        told[f"{measure}.{of.name}"] = _measure(measure, source.c[of.column.key])
    return told


def _measure(measure: str, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    if measure == "avg":
        return sa.func.round(sa.func.avg(column), sa.literal_column(str(_DECIMALS_OF_AVERAGES)))
    function: sa.ColumnElement[Any] = getattr(sa.func, measure)(column)
    return function


def order_of_groups(
    given: Sequence[Mapping[str, Any]] | None,
    keys: Iterable[sa.ColumnElement[Any]],
    told: Mapping[str, sa.ColumnElement[Any]],
) -> list[sa.ColumnElement[Any]]:
    """Return what stands after `order by`: what the client asks for, then the keys."""
    steps = [told[one["field"]].desc() if one["direction"] == "desc" else told[one["field"]] for one in given or ()]
    return [*steps, *keys]
