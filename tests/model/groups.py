"""Groups of rows: what they have in common, and what is told of them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

from schema.model import Kind, Model, ScalarField
from tests.model.pages import compare
from tests.model.world import GRAPH, Seen, as_id, as_json, written
from tests.rows import Row

_ZONE = ZoneInfo("America/Sao_Paulo")
_EXACT = Context(prec=60)

GroupBy = Mapping[str, Any]
Path = tuple[str, ...]


def path_of(model: Model, given: GroupBy) -> Path:
    """Return the names that lead to what an entry of `groupBy` names."""
    if "field" in given:
        return (_field_name(model, given["field"]),)
    [(name, inner)] = given.items()
    return (name, *path_of(GRAPH[model.links[name].target], inner))


def groups(
    world: Seen,
    model: Model,
    rows: Sequence[Row],
    group_by: Sequence[GroupBy],
    order_by: Sequence[Mapping[str, str]] = (),
    *,
    is_told: Callable[[list[Row]], bool] = lambda _: True,
) -> list[dict[str, Any]]:
    """Return the groups of rows as a response has them, with keys only of what they are grouped by."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = tuple(_value(world, model, row, entry) for entry in group_by)
        found.setdefault(key, []).append(row)
    if not group_by:
        found = {(): list(rows)}
    measured = [(key, _measures(model, members)) for key, members in found.items() if is_told(members)]
    measured.sort(key=cmp_to_key(lambda one, other: _compared(model, order_by, one, other)))
    return [_as_json(model, group_by, key, told) for key, told in measured]


def size(world: Seen, model: Model, rows: Sequence[Row]) -> int:
    """Return how many pharmacies rows belong to; how many rows they are where they belong to none."""
    match model.name:
        case "Customer":
            return len({row["id"] for row in rows})
        case "Order" | "Interaction":
            return len({row["customer_id"] for row in rows})
        case "OrderItem":
            return len({order["customer_id"] for row in rows for order in world.linked(model.links["order"], row)})
    return len(rows)


def _field_name(model: Model, constant: str) -> str:
    names = {field.constant: field.name for field in model.fields.values() if field.kind is not Kind.KEY}
    return "id" if constant == "ID" else names[constant]


def _value(world: Seen, model: Model, row: Row, given: GroupBy) -> Any:
    """Return what a row has in a grouping; nothing where the row that a link leads to is not seen."""
    if "field" not in given:
        [(name, inner)] = given.items()
        link = model.links[name]
        others = world.linked(link, row)
        return _value(world, GRAPH[link.target], others[0], inner) if others else None
    if given["field"] == "ID":
        return row["id"]
    value = row[given["field"].lower()]
    return _start_of(given["by"], value) if "by" in given and value is not None else value


def _start_of(unit: str, moment: dt.datetime) -> dt.date:
    day = moment.astimezone(_ZONE).date()
    match unit:
        case "WEEK":
            return day - dt.timedelta(days=day.weekday())
        case "MONTH":
            return day.replace(day=1)
        case "QUARTER":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case "YEAR":
            return day.replace(month=1, day=1)
    return day


def _measures(model: Model, rows: Sequence[Row]) -> dict[tuple[str, str], Any]:
    told: dict[tuple[str, str], Any] = {("count", ""): len(rows)}
    for field in model.measured.values():
        values = [row[field.column.name] for row in rows if row[field.column.name] is not None]
        if field.kind.is_number:
            total = sum(values) if values else None
            told["sum", field.name] = total
            told["avg", field.name] = None if total is None else _average(total, len(values))
        if field.kind.is_ordered:
            told["min", field.name] = min(values, default=None)
            told["max", field.name] = max(values, default=None)
    return told


def _average(total: Decimal | int, count: int) -> Decimal:
    quotient = _EXACT.divide(Decimal(total), Decimal(count))
    return quotient.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP, context=_EXACT)


def _compared(model: Model, order_by: Sequence[Mapping[str, str]], one: Any, other: Any) -> int:
    constants = {field.constant: field.name for field in model.fields.values()}
    for step in order_by:
        measure, _, constant = step["field"].partition("_")
        at = (measure.lower(), constants[constant] if constant else "")
        if result := compare(one[1][at], other[1][at]):
            return -result if step.get("direction") == "DESC" else result
    return next((result for a, b in zip(one[0], other[0], strict=True) if (result := compare(a, b))), 0)


def _as_json(model: Model, group_by: Sequence[GroupBy], key: Sequence[Any], told: Mapping[Any, Any]) -> dict[str, Any]:
    group: dict[str, Any] = {"count": told["count", ""]}
    for (measure, name), value in told.items():
        if name:
            of = model.fields[name]
            group.setdefault(measure, {})[name] = _measure_as_json(measure, of, value)
    if group_by:
        group["key"] = {}
    for given, value in zip(group_by, key, strict=True):
        _put(group["key"], model, path_of(model, given), value)
    return group


def _measure_as_json(measure: str, field: ScalarField, value: Any) -> Any:
    if value is not None and measure == "sum" and field.kind is Kind.INTEGER:
        return str(value)
    return written(value)


def _put(key: dict[str, Any], model: Model, path: Path, value: Any) -> None:
    """Put a value into a group's key at its path."""
    name, *rest = path
    if rest:
        _put(key.setdefault(name, {}), GRAPH[model.links[name].target], tuple(rest), value)
    elif name == "id":
        key["id"] = None if value is None else as_id(model, {"id": value})
    else:
        key[name] = as_json(model.fields[name], value)
