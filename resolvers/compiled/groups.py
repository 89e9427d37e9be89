"""Groups of a statement: aggregates of an entity's rows, as one expression."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.json_text import Piece, array_of, joined_text, null_or, nullable_pieces, object_pieces
from resolvers.compiled.levels import NUMBER, Level, numbered
from resolvers.compiled.objects import global_id_text
from resolvers.compiled.selections import Selected
from resolvers.pages import size_of_groups
from resolvers.sql.groups import Grouping, GroupKey, measure_expressions, order_of_groups
from resolvers.sql.scope import Scope, all_hold
from resolvers.sql.where import Filters
from schema.derive.aggregates import GROUPED_BY_UNIT
from schema.model import Kind, Model, ScalarField
from security.errors import BadUserInput


@dataclass
class GroupCompiler:
    """Compiles aggregates; `totals` is the principal's view of what may be counted."""

    totals: Scope
    connections: ConnectionCompiler

    def root(self, model: Model, selected: Selected) -> sa.ColumnElement[Any]:
        """Return the groups of an entity's rows, as text; null where there are too many to give them all."""
        return _Groups(self, model, selected).text()


class _Groups:
    """One aggregate while it is compiled."""

    def __init__(self, compiler: GroupCompiler, model: Model, selected: Selected) -> None:
        self._compiler = compiler
        self._selections = compiler.connections.selections
        self._model = model
        self._arguments: Mapping[str, Any] = self._selections.arguments(selected)
        self._wanted = self._selections.below(selected)
        self._rows = model.table.alias()
        self._grouping = Grouping(compiler.totals, model, self._rows)
        for given in self._arguments.get("group_by") or ():
            self._grouping.add(given)

    def text(self) -> sa.ColumnElement[Any]:
        """Return the groups as text."""
        level = Level(numbered(self._statement(), "groups"))
        item = joined_text(object_pieces(self._members(level)))
        array = joined_text(array_of(item, order=level.source.c[NUMBER]))
        most = self._compiler.connections.paging.limits.max_page_size
        if self._arguments.get("first") is None:
            array = sa.case((sa.func.count() <= sa.literal_column(str(most)), array))
        return sa.select(array).select_from(level.joined).scalar_subquery()

    def _statement(self) -> sa.Select[Any]:
        paging = self._compiler.connections.paging
        asked, most = self._arguments.get("first"), paging.limits.max_page_size
        told = measure_expressions(self._model, self._rows)
        keys = {_label(key.path): key.expression for key in self._grouping.keys}
        measures = {name: told[name] for name in self._measures()}
        given = self._arguments.get("where") or {}
        totals = self._compiler.totals
        return (
            sa.select(*(expression.label(name) for name, expression in (keys | measures).items()))
            .select_from(self._grouping.joined_source())
            .where(
                all_hold(
                    totals.visible(self._model, self._rows),
                    Filters(totals, most).predicate(self._model, self._rows, given),
                )
            )
            .group_by(*keys.values())
            .order_by(*order_of_groups(self._arguments.get("order_by"), self._grouping.keys, told))
            .limit(paging.bind(asked, sa.BigInteger(), lambda given: size_of_groups(given, paging.limits)))
        )

    def _measures(self) -> list[str]:
        """Return the measures that are selected, of which a count is always one."""
        parts = (
            f"{field.name}.{part.name}"
            for field in self._wanted
            if field.name in ("sum", "avg", "min", "max")
            for part in self._selections.below(field)
            if not part.name.startswith("__")
        )
        return list(dict.fromkeys(("count", *parts)))

    def _members(self, level: Level) -> Iterator[tuple[str, Sequence[Piece]]]:
        for field in self._wanted:
            match field.name:
                case "key":
                    yield field.key, object_pieces(self._key(level, self._model, (), field))
                case "count":
                    yield field.key, [level.source.c["count"]]
                case "sum" | "avg" | "min" | "max":
                    yield field.key, object_pieces(self._measured(level, field))
                case _:
                    yield field.key, [f'"{self._model.name}Aggregate"']

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
                yield part.key, _value(level, model, self._grouped(at))

    def _grouped(self, path: tuple[str, ...]) -> GroupKey:
        for key in self._grouping.keys:
            if key.path == path:
                return key
        raise _not_grouped(path)

    def _node(self, level: Level, model: Model, key: GroupKey, field: Selected) -> sa.ColumnElement[Any]:
        connections = self._compiler.connections
        other = model.table.alias()
        same = other.c[model.key.key] == level.source.c[_label(key.path)]
        level.join(other, all_hold(same, connections.scope.visible(model, other)))
        return connections.objects.linked_object(level, model, other, self._selections.below(field))


def _value(level: Level, model: Model, key: GroupKey) -> list[Piece]:
    column = level.source.c[_label(key.path)]
    if key.is_row:
        quote: sa.ColumnElement[Any] = sa.literal_column("'\"'")
        return null_or(quote.op("||")(global_id_text(model, column)).op("||")(quote))
    return nullable_pieces(Kind.DATE if key.field.kind in GROUPED_BY_UNIT else key.field.kind, column)


def _kind_of(measure: str, field: ScalarField) -> Kind:
    if measure == "avg":
        return Kind.DECIMAL
    return Kind.KEY if measure == "sum" and field.kind is Kind.INTEGER else field.kind


def _measures_type(part: Selected) -> str:
    return part.parent.name


def _label(path: tuple[str, ...]) -> str:
    return "key " + ".".join(path)


def _not_grouped(path: tuple[str, ...]) -> BadUserInput:
    return BadUserInput(f"The groups have no {'.'.join(path)}: name it in `groupBy` to select it.")
