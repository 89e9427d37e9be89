"""Spans of time between two bounds: to which month a point in time belongs is looked up among the months' limits.

Asking the time zone for each row takes as long as all else that a sum does (`docs/performance.md`); a filter that has
both bounds makes it enough to ask for each limit.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.compiled.paging import Paging
from resolvers.compiled.slots import Inputs, filled, is_open
from resolvers.sql.groups import BUSINESS_TIME_ZONE, GroupKey
from schema.model import Kind

_DAYS: Final = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}
_INTERVALS: Final = {unit: f"1 {unit}" for unit in _DAYS} | {"quarter": "3 months"}
_MOST: Final = 2_000
"""Spans that are looked up; among more, asking the time zone is no dearer."""

_ZONE: sa.ColumnElement[Any] = sa.literal_column(f"'{BUSINESS_TIME_ZONE}'")


@dataclass(frozen=True)
class Spans:
    """The spans of a group key, as rows of a statement: arrays of their first days and of the limits between them."""

    rows: sa.CTE

    def number(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return which span, from 1, a point in time lies in; null where there is none."""
        limits = sa.select(self.rows.c.limits).scalar_subquery()
        return sa.func.width_bucket(column, limits, type_=sa.Integer())

    def first_day(self, number: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the first day of a span."""
        days = sa.type_coerce(sa.select(self.rows.c.days).scalar_subquery(), ARRAY(sa.Date()))
        return days[number]


def spans_of(key: GroupKey, where: Mapping[str, Any], paging: Paging) -> Spans | None:
    """Return the spans of a key, where a filter bounds them and they are not too many."""
    if key.unit is None or key.field.kind is not Kind.DATETIME or len(key.path) > 1:
        return None
    bounds = where.get(key.field.name)
    since, until = _bound(bounds, "gte", "gt"), _bound(bounds, "lte", "lt")
    if since is None or until is None:
        return None
    days = _DAYS[key.unit]

    def is_few(inputs: Inputs) -> bool:
        first, last = filled(since, inputs.variables), filled(until, inputs.variables)
        return isinstance(first, dt.datetime) and isinstance(last, dt.datetime) and (last - first).days < days * _MOST

    suits = is_few(paging.inputs)
    if is_open(since) or is_open(until):
        paging.conditions.append(lambda inputs: is_few(inputs) is suits)
    if not suits:
        return None
    column = key.field.column
    name = f"{key.unit}s of {column.key}"
    return Spans(rows_of_spans(name, key.unit, paging.bind(since, column.type), paging.bind(until, column.type)))


def rows_of_spans(name: str, unit: str, since: sa.ColumnElement[Any], until: sa.ColumnElement[Any]) -> sa.CTE:
    """Return one row with the spans from that of one point in time to that of another, which is part of them."""
    first = sa.func.date_trunc(sa.literal_column(f"'{unit}'"), sa.func.timezone(_ZONE, since))
    step: sa.ColumnElement[Any] = sa.literal_column(f"interval '{_INTERVALS[unit]}'")
    day = sa.func.generate_series(first, sa.func.timezone(_ZONE, until), step).column_valued("day")
    days = sa.func.array_agg(sa.cast(day, sa.Date())).label("days")
    limits = sa.func.array_agg(sa.func.timezone(_ZONE, day)).label("limits")
    return sa.select(days, limits).cte(name).prefix_with("materialized", dialect="postgresql")


def _bound(bounds: Any, *operators: str) -> Any:
    """Return the operand of the one operator that bounds; None where there is none, or where there are two."""
    found = [bounds[name] for name in operators if bounds.get(name) is not None] if isinstance(bounds, Mapping) else []
    return found[0] if len(found) == 1 else None
