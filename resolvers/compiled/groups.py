"""Groups of a statement: aggregates of an entity's rows, as one expression."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.json_text import Piece, array_of, joined_text, null_or, nullable_pieces, object_pieces
from resolvers.compiled.levels import Level
from resolvers.compiled.objects import global_id_text
from resolvers.compiled.selections import Selected
from resolvers.compiled.spans import spans_of
from resolvers.compiled.statement import Compiled
from resolvers.pages import size_of_groups
from resolvers.sql.groups import Grouping, GroupKey, measure_expressions, order_of_groups, told_groups
from resolvers.sql.scope import Scope, Source, all_hold
from resolvers.ways import NotCompiled, Reason
from schema.derive.objects import TYPE_NAME
from schema.model import Kind, Model, ScalarField
from security.errors import BadUserInput

_LONGEST_NAME: Final = 63
"""PostgreSQL cuts longer names, after which two may be the same."""


@dataclass
class GroupCompiler:
    """Compiles aggregates; `totals` is the principal's view of what may be counted."""

    totals: Scope
    connections: ConnectionCompiler

    def root(self, model: Model, selected: Selected) -> Compiled:
        """Return the groups of an entity's rows; none where there are too many to give them all."""
        return _Groups(self, model, selected).root()


class _Groups:
    """One aggregate while it is compiled."""

    def __init__(self, compiler: GroupCompiler, model: Model, selected: Selected) -> None:
        self._compiler = compiler
        self._selections = compiler.connections.selections
        self._model = model
        self._arguments: Mapping[str, Any] = self._selections.arguments(selected)
        self._where: Mapping[str, Any] = self._arguments.get("where") or {}
        self._wanted = self._selections.below(selected)
        self._rows = model.table.alias()
        self._grouping = Grouping(compiler.totals, model, self._rows)
        for given in self._arguments.get("group_by") or ():
            self._grouping.add(given)
        paging = compiler.connections.paging
        spans = {key.path: spans_of(key, self._where, paging) for key in self._grouping.keys}
        self._spans = {path: found for path, found in spans.items() if found is not None}

    def root(self) -> Compiled:
        """Return the groups as a root field."""
        level = Level(self._first_groups(self._groups()))
        item = joined_text(object_pieces(self._members(level)))
        head, items, tail = array_of(item, self._order(level.source))
        most = self._compiler.connections.paging.limits.max_page_size
        if self._arguments.get("first") is None:
            items = sa.case((sa.func.count() <= sa.literal_column(str(most)), items))
        return Compiled([head, items, tail], level.select_from)

    def _groups(self) -> sa.CTE:
        told = measure_expressions(self._model, self._rows)
        keys = {self._label(key): self._common(key) for key in self._grouping.keys}
        measures = {name: told[name] for name in self._measures()}
        totals = self._compiler.totals
        paging = self._compiler.connections.paging
        statement = (
            sa.select(*(expression.label(name) for name, expression in (keys | measures).items()))
            .select_from(self._grouping.joined_source())
            .where(
                all_hold(
                    totals.visible(self._model, self._rows),
                    paging.filters(totals).predicate(self._model, self._rows, self._where),
                )
            )
            .group_by(*keys.values())
        )
        statement = told_groups(statement, totals, self._model, self._rows, paging.limits.least_group)
        # Apart, or PostgreSQL sorts all rows for the sake of the first groups.
        return statement.cte("groups").prefix_with("materialized", dialect="postgresql")

    def _first_groups(self, groups: sa.CTE) -> Source:
        paging = self._compiler.connections.paging
        asked = self._arguments.get("first")
        limit = paging.bind(asked, sa.BigInteger(), partial(size_of_groups, limits=paging.limits))
        return sa.select(*groups.c).order_by(*self._order(groups)).limit(limit).subquery("first_groups")

    def _order(self, groups: Source) -> list[sa.ColumnElement[Any]]:
        keys = (groups.c[self._label(key)] for key in self._grouping.keys)
        told = {name: groups.c[name] for name in self._measures()}
        return order_of_groups(self._arguments.get("order_by"), keys, told) or [groups.c["count"]]

    def _common(self, key: GroupKey) -> sa.ColumnElement[Any]:
        """Return what rows of a group have in common: the key, or the number of its span."""
        spans = self._spans.get(key.path)
        return key.expression if spans is None else spans.number(self._rows.c[key.field.column.key])

    def _label(self, key: GroupKey) -> str:
        name = "key " + ".".join(key.path)
        return name if len(name) <= _LONGEST_NAME else f"key {self._grouping.keys.index(key)}"

    def _measures(self) -> list[str]:
        """Return the measures that are selected or order the groups, of which a count is always one."""
        ordering = (one["field"] for one in self._arguments.get("order_by") or ())
        parts = (
            f"{field.name}.{part.name}"
            for field in self._wanted
            if field.name in ("sum", "avg", "min", "max")
            for part in self._selections.below(field)
            if not part.name.startswith("__")
        )
        return list(dict.fromkeys(("count", *parts, *ordering)))

    def _members(self, level: Level) -> Iterator[tuple[str, Sequence[Piece]]]:
        for field in self._wanted:
            match field.name:
                case "key":
                    yield field.key, object_pieces(self._key(level, self._model, (), field))
                case "count":
                    yield field.key, [level.source.c["count"]]
                case "sum" | "avg" | "min" | "max":
                    yield field.key, object_pieces(self._measured(level, field))
                case name if name == TYPE_NAME:
                    yield field.key, [f'"{self._model.name}Aggregate"']
                case _:
                    raise NotCompiled(Reason.UNKNOWN_FIELD)

    def _measured(self, level: Level, field: Selected) -> Iterator[tuple[str, Sequence[Piece]]]:
        for part in self._selections.below(field):
            if part.name.startswith("__"):
                yield part.key, [f'"{_measures_type(part)}"']
                continue
            of = self._model.fields[part.name]
            yield part.key, nullable_pieces(_kind_of(field.name, of), level.source.c[f"{field.name}.{part.name}"])

    def _key(
        self, level: Level, model: Model, path: tuple[str, ...], field: Selected
    ) -> Iterator[tuple[str, Sequence[Piece]]]:
        for part in self._selections.below(field):
            at = (*path, part.name)
            if part.name.startswith("__"):
                yield part.key, [f'"{model.name}GroupKey"']
            elif part.name == "node":
                yield part.key, [self._node(level, model, self._grouped((*path, "id")), part)]
            elif part.name in model.links:
                if not any(key.path[: len(at)] == at for key in self._grouping.keys):
                    raise _not_grouped(at)
                target = self._compiler.totals.seen[model.links[part.name].target]
                yield part.key, object_pieces(self._key(level, target, at, part))
            else:
                yield part.key, self._value(level, model, self._grouped(at))

    def _grouped(self, path: tuple[str, ...]) -> GroupKey:
        for key in self._grouping.keys:
            if key.path == path:
                return key
        raise _not_grouped(path)

    def _node(self, level: Level, model: Model, key: GroupKey, field: Selected) -> sa.ColumnElement[Any]:
        connections = self._compiler.connections
        other = model.table.alias()
        same = other.c[model.key.key] == level.source.c[self._label(key)]
        level.join(other, all_hold(same, connections.scope.visible(model, other)))
        return connections.objects.linked_object(level, model, other, self._selections.below(field))

    def _value(self, level: Level, model: Model, key: GroupKey) -> list[Piece]:
        column = level.source.c[self._label(key)]
        if key.is_row:
            quote: sa.ColumnElement[Any] = sa.literal_column("'\"'")
            return null_or(quote.op("||")(global_id_text(model, column)).op("||")(quote))
        if spans := self._spans.get(key.path):
            return nullable_pieces(Kind.DATE, spans.first_day(column))
        return nullable_pieces(Kind.DATE if key.unit else key.field.kind, column)


def _kind_of(measure: str, field: ScalarField) -> Kind:
    if measure == "avg":
        return Kind.DECIMAL
    return Kind.KEY if measure == "sum" and field.kind is Kind.INTEGER else field.kind


def _measures_type(part: Selected) -> str:
    return part.parent.name


def _not_grouped(path: tuple[str, ...]) -> BadUserInput:
    return BadUserInput(f"The groups have no {'.'.join(path)}: name it in `groupBy` to select it.")
