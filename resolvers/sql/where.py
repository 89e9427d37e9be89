"""Filters as SQL.

Logic has two values here: a comparison with a missing value is false, and `not` is everything else, so a row is
always on exactly one side of a filter and its negation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.sql.binding import exact
from resolvers.sql.scope import ONE, Predicate, Scope, Source, all_hold, joined
from schema.global_id import key_of
from schema.model import Kind, Link, Model, ScalarField
from security.errors import BadUserInput

Given = Mapping[str, Any]

_DEEPEST = 30
"""Levels of a filter within each other: conditions, links and logical words."""


@dataclass(frozen=True)
class Filters:
    """Compiles filters within a scope; lists of values may be `most` long, and there may be `most` conditions.

    `notice` is told how many conditions each filter has. What reads an operand is kept with a compiled statement: it
    must not know the scope, in which there is a principal.
    """

    scope: Scope
    most: int
    notice: Callable[[int], None] = lambda _: None

    def predicate(self, model: Model, source: Source, given: Given) -> Predicate:
        """Return the predicate of a filter on rows of an entity; one that is too large is refused."""
        self._measure(given)
        return self._holding(model, source, given)

    def _measure(self, given: Given) -> None:
        """Refuse a filter that would take the database, or the making of its statement, too far."""
        level: list[Any] = [given]
        number = 0
        for _ in range(_DEEPEST):
            level = [part for whole in level for part in _parts(whole)]
            number += len(level)
            if number > self.most:
                raise BadUserInput(f"A filter has more than {self.most:,} conditions: ask with fewer, or use `in`.")
            if not level:
                self.notice(number)
                return
        raise BadUserInput(f"A filter has more than {_DEEPEST} levels within each other: ask with fewer.")

    def _holding(self, model: Model, source: Source, given: Given) -> Predicate:
        return all_hold(*(self._part(model, source, name, value) for name, value in given.items()))

    def _part(self, model: Model, source: Source, name: str, value: Any) -> Predicate:
        if value is None:
            raise BadUserInput(f"`{name}: null` is no condition: leave `{name}` out, or use `isNull` on a field.")
        match name:
            case "and":
                return all_hold(*(self._holding(model, source, part) for part in value))
            case "or":
                return sa.or_(sa.false(), *(self._holding(model, source, part) for part in value))
            case "not":
                return self._holding(model, source, value).is_not(sa.true())
            case "id":
                return self._on_id(model, source, value)
        if field := model.fields.get(name):
            conditions = [self._on_field(field, source, operator, operand) for operator, operand in value.items()]
            is_telling = field.kind is Kind.KEY or field.is_sensitive
            return self._of_readable(model, source, conditions) if is_telling else all_hold(*conditions)
        link = model.links[name]
        return self._to_many(link, source, value) if link.many else self._to_one(link, source, value)

    def _on_id(self, model: Model, source: Source, given: Given) -> Predicate:
        name, listed = model.name, partial(_listed, most=self.most)

        def keys(operand: Any) -> list[int]:
            return [key_of(name, text) for text in listed(operand)]

        key = source.c[model.key.key]
        parts: list[Predicate] = []
        for operator, operand in given.items():
            _present(operator, operand)
            parts.append(key == sa.any_(self.scope.bind(operand, ARRAY(key.type), keys)))
        return self._of_readable(model, source, parts)

    def _of_readable(self, model: Model, source: Source, conditions: Sequence[Predicate]) -> Predicate:
        """Return conditions on a key or on what is sensitive, of which none holds for rows that are only counted.

        Else the difference between two counts would tell of one row, letter by letter.
        """
        if not conditions or not (self.scope.totals and model.counts_unseen):
            return all_hold(*conditions)
        return all_hold(replace(self.scope, totals=False).visible(model, source), *conditions)

    def _on_field(self, field: ScalarField, source: Source, operator: str, operand: Any) -> Predicate:
        _present(operator, operand)
        column, sql_type = source.c[field.column.key], exact(field.column.type)
        bind, listed = self.scope.bind, partial(_listed, most=self.most)
        if operator == "isNull":
            return column.is_(None) if operand else column.is_not(None)
        if operator in ("in", "notIn"):
            among = column == sa.any_(bind(operand, ARRAY(sql_type), lambda given: storable(listed(given))))
            return among if operator == "in" else among.is_not(sa.true())
        if operator in _PATTERNS:
            pattern = _PATTERNS[operator]
            like = bind(operand, sa.Text(), lambda given: pattern.format(_escaped(storable(given))))
            return column.ilike(like, escape="\\")
        return _COMPARISONS[operator](column, bind(operand, sql_type, storable))

    def _to_one(self, link: Link, source: Source, given: Given) -> Predicate:
        return self._exists(link, source, given)

    def _to_many(self, link: Link, source: Source, given: Given) -> Predicate:
        parts: list[Predicate] = []
        for word, inner in given.items():
            if inner is None:
                raise BadUserInput(f"`{word}: null` is no condition: leave it out, or write `{word}: {{}}`.")
            match word:
                case "some":
                    parts.append(self._exists(link, source, inner))
                case "none":
                    parts.append(sa.not_(self._exists(link, source, inner)))
                case _:
                    parts.append(sa.not_(self._exists(link, source, {"not": inner})))
        return all_hold(*parts)

    def _exists(self, link: Link, source: Source, given: Given) -> Predicate:
        """Return whether a linked row that the principal sees is as given."""
        target = self.scope.seen.target(link)
        other = target.table.alias()
        return sa.exists(
            sa.select(ONE)
            .select_from(other)
            .where(joined(link, source, other), self.scope.visible(target, other), self._holding(target, other, given))
        )


_COMPARISONS: dict[str, Callable[[sa.ColumnElement[Any], sa.ColumnElement[Any]], Predicate]] = {
    "eq": lambda column, value: column == value,
    "ne": lambda column, value: column.is_distinct_from(value),
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_PATTERNS = {"contains": "%{}%", "startsWith": "{}%", "endsWith": "%{}"}


def _parts(whole: Any) -> list[Any]:
    """Return what a part of a filter is made of; the values that a condition compares with are no parts."""
    if isinstance(whole, list):
        return [part for item in whole for part in _parts(item)]
    return list(whole.values()) if isinstance(whole, dict) else []


def _listed(operand: Any, most: int) -> list[Any]:
    values = operand if isinstance(operand, list) else [operand]
    if len(values) > most:
        raise BadUserInput(f"A list has {len(values):,} values; {most:,} are the most.")
    return values


def storable(given: Any) -> Any:
    """Return what was given; refuse texts that PostgreSQL can't hold, so that it is no fault of the database."""
    for value in given if isinstance(given, list) else (given,):
        if isinstance(value, str) and _UNSTORABLE.search(value):
            raise BadUserInput("A text has a character that no value can have: NUL or half of a surrogate pair.")
    return given


def _present(operator: str, operand: Any) -> None:
    if operand is None:
        raise BadUserInput(f"`{operator}: null` compares with nothing: leave it out, or use `isNull: true`.")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
