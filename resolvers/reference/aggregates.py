"""Aggregates of the reference path: groups of rows with all that can be told of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from resolvers.pages import size_of_groups
from resolvers.reference.operation import Running
from resolvers.reference.rows import Row
from resolvers.sql.groups import Grouping, GroupKey, measure_expressions, order_of_groups, told_groups
from resolvers.sql.where import Filters
from schema.derive.aggregates import groupable
from schema.global_id import global_id
from schema.model import Graph, Model
from security.errors import BadUserInput


async def groups(running: Running, model: Model, arguments: Mapping[str, Any]) -> list[Row]:
    """Return the groups of an entity's visible rows."""
    scope = running.totals if model.counts_unseen else running.scope
    source = model.table.alias()
    grouping = Grouping(scope, model, source)
    for given in arguments.get("group_by") or ():
        grouping.add(given)
    told = measure_expressions(model, source)
    most = running.limits.max_page_size
    asked = arguments.get("first")
    keys = {f"key {place}": key.expression for place, key in enumerate(grouping.keys)}
    statement = (
        sa.select(*(expression.label(name) for name, expression in (keys | told).items()))
        .select_from(grouping.joined_source())
        .where(
            scope.visible(model, source),
            Filters(scope, most).predicate(model, source, arguments.get("where") or {}),
        )
        .group_by(*keys.values())
        .order_by(*order_of_groups(arguments.get("order_by"), keys.values(), told))
        .limit(size_of_groups(asked, running.limits))
    )
    statement = told_groups(statement, scope, model, source, running.limits.least_group)
    records = await running.snapshot.fetch(statement)
    if asked is None and len(records) > most:
        raise BadUserInput(f"There are more than {most:,} groups: group more coarsely, filter, or pass `first`.")
    return [_group(scope.seen, model, grouping.keys, record) for record in records]


def _group(seen: Graph, model: Model, keys: Sequence[GroupKey], record: Mapping[str, Any]) -> Row:
    group: Row = {"count": record["count"]}
    for name, value in record.items():
        measure, _, field = name.partition(".")
        if field:
            group.setdefault(measure, {})[field] = value
    values = {key.path: (key, record[f"key {place}"]) for place, key in enumerate(keys)}
    group["key"] = _key(seen, model, (), values)
    return group


def _key(seen: Graph, model: Model, path: tuple[str, ...], values: Mapping[tuple[str, ...], Any]) -> Row:
    """Return the part of a group's key that lies in one entity."""
    part: Row = {}
    for field in ("id", *(field.name for field in groupable(model))):
        at = (*path, field)
        if at not in values:
            part[field] = _refusal(at)
            continue
        key, value = values[at]
        part[field] = global_id(model.name, value) if key.is_row and value is not None else value
    part["database_id"] = values[(*path, "id")][1] if (*path, "id") in values else _refusal((*path, "id"))
    for link in model.to_one:
        below = (*path, link.name)
        reached = any(at[: len(below)] == below for at in values)
        part[link.name] = _key(seen, seen.target(link), below, values) if reached else _refusal(below)
    return part


def _refusal(path: tuple[str, ...]) -> Any:
    """Return a value that refuses to be read: null would look like a group of rows without a value."""

    def refuse() -> None:
        raise BadUserInput(f"The groups have no {'.'.join(path)}: name it in `groupBy` to select it.")

    return refuse
