"""Aggregates of entities: counts, sums, averages and extremes of groups of rows."""

from collections.abc import Callable, Iterator

from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.derive.inputs import annotation_of
from schema.derive.objects import FREE
from schema.derive.types import Types
from schema.directives import Cost, ListSize, SmallestGroup
from schema.model import Graph, Kind, Model, ScalarField
from schema.resolution import Resolvers
from security.capabilities import Reach

GROUPED_BY_UNIT = (Kind.DATETIME, Kind.DATE)
_GROUPED_BY_VALUE = (Kind.WORD, Kind.BOOLEAN, Kind.STRING)


_GATHERING = Cost(weight="10")
"""What a field says that reads many rows and gives few."""


def add_aggregates(types: Types, graph: Graph, resolvers: Resolvers) -> None:
    """Add the types of groups of rows of each entity."""
    types.add_enum(
        "TimeUnit",
        "Spans of time to group by, in days of São Paulo; weeks begin on Monday.",
        {
            "DAY": ("day", "Days."),
            "WEEK": ("week", "Weeks, by their Monday."),
            "MONTH": ("month", "Months, by their first day."),
            "QUARTER": ("quarter", "Quarters, by their first day."),
            "YEAR": ("year", "Years, by their first day."),
        },
    )
    for model in graph:
        _add_group_key(types, graph, model, resolvers)
        _add_group_by(types, model)
        _add_measures(types, model)
        _add_aggregate(types, model)


def aggregate_field(types: Types, model: Model, resolvers: Resolvers, most: int, least_group: int) -> StrawberryField:
    """Return the root field that gives groups of an entity's rows: at most so many, each told if it is large enough."""
    counted = "rows" if model.rows.owner is None else "pharmacies"
    description = f"Counts, sums, averages and extremes of rows of `{model.name}`, in groups."
    if model.counts_unseen:
        description += f" Groups of fewer than {least_group:,} {counted} are left out."
    narrowed = f"{model.rows.capability}:{Reach.AGGREGATE}"
    return types.resolved(
        f"{model.plural}Aggregate",
        f"list[{model.name}Aggregate]",
        description,
        resolvers.aggregate(model),
        arguments=_arguments(types, model, most),
        directives=[
            *_sized_groups(most),
            SmallestGroup(scopes=[[narrowed]], size=least_group, of=counted),
        ],
    )


def _arguments(types: Types, model: Model, most: int) -> list[StrawberryArgument]:
    name = model.name
    return [
        types.argument("where", f"{name}Filter | None", "Which rows."),
        types.argument(
            "group_by",
            f"list[{name}GroupBy] | None",
            "What rows of a group have in common; all rows are one group where it says nothing.",
            graphql_name="groupBy",
        ),
        types.argument(
            "order_by",
            f"list[{name}AggregateOrderBy] | None",
            "In which order the groups come; by their keys where it says nothing.",
            graphql_name="orderBy",
        ),
        types.argument(
            "first",
            "int | None",
            f"How many groups. Where it says nothing, all; more than {most:,} are then refused, not cut off.",
        ),
    ]


def _sized_groups(most: int) -> list[object]:
    """Return what groups of rows cost and how many they are taken to be: one, where rows are not grouped at all."""
    size = ListSize(assumed_size=most, slicing_arguments=["first"], sized_fields=[], require_one_slicing_argument=False)
    return [_GATHERING, size]


def groupable(model: Model) -> list[ScalarField]:
    """Return the fields that rows can be grouped by."""
    kinds = (*_GROUPED_BY_VALUE, *GROUPED_BY_UNIT)
    return [field for name, field in model.comparable.items() if field.kind in kinds and name in model.measured]


def summable(model: Model) -> list[ScalarField]:
    """Return the fields with a sum and an average."""
    return [field for field in model.measured.values() if field.kind.is_number]


def comparable(model: Model) -> list[ScalarField]:
    """Return the fields with a least and a greatest value."""
    return [field for field in model.measured.values() if field.kind.is_ordered]


def measures(model: Model) -> Iterator[tuple[str, ScalarField]]:
    """Return each measure of a group besides its count: its name (`sum`…) and the field that it is of."""
    yield from (("sum", field) for field in summable(model))
    yield from (("avg", field) for field in summable(model))
    yield from (("min", field) for field in comparable(model))
    yield from (("max", field) for field in comparable(model))


def _add_group_key(types: Types, graph: Graph, model: Model, resolvers: Resolvers) -> None:
    def annotation(field: ScalarField) -> str:
        return "date | None" if field.kind in GROUPED_BY_UNIT else f"{annotation_of(field)} | None"

    fields = [types.output("id", "ID | None", "Global id, where rows are grouped by the row itself.")]
    if model.readable:
        fields.append(
            types.resolved(
                "node", f"{model.name} | None", "The row, where rows are grouped by it.", resolvers.group_node(model)
            )
        )
    fields += [types.output(field.name, annotation(field), field.description) for field in groupable(model)]
    for link in model.to_one:
        kind = f"{graph.target(link).name}GroupKey"
        fields.append(types.output(link.name, f"{kind} | None", link.description))
    types.add_object(
        f"{model.name}GroupKey",
        f"What rows of a group have in common of `{model.name}`. A field that they are not grouped by is refused.",
        fields,
        directives=[FREE],
    )


def _add_group_by(types: Types, model: Model) -> None:
    types.add_enum(
        f"{model.name}GroupField",
        f"What rows can be grouped by of `{model.name}`.",
        {
            "ID": ("id", "The row itself."),
            **{field.constant: (field.name, field.description) for field in groupable(model)},
        },
    )
    own = f"{model.name}GroupField | None"
    fields = [
        types.input_field("field", own, "A field of the row."),
        types.input_field("by", "TimeUnit | None", "The span of time, which a point in time or a day must have."),
    ]
    fields += [types.input_field(link.name, f"{link.target}GroupBy | None", link.description) for link in model.to_one]
    types.add_input(
        f"{model.name}GroupBy",
        f"One thing that rows of a group have in common: a field of `{model.name}`, or of a row that it links to.",
        fields,
    )


def _add_measures(types: Types, model: Model) -> None:
    def total(field: ScalarField) -> str:
        return "BigInt" if field.kind is Kind.INTEGER else annotation_of(field)

    _add_measure(types, f"{model.name}Sums", "Sums over a group.", summable(model), total)
    _add_measure(types, f"{model.name}Averages", "Averages over a group.", summable(model), lambda _: "Decimal")
    _add_measure(types, f"{model.name}Extremes", "Extremes of a group.", comparable(model), annotation_of)


def _add_measure(
    types: Types, name: str, description: str, fields: list[ScalarField], annotation: Callable[[ScalarField], str]
) -> None:
    if fields:
        about = f"{description} Null where no row has a value."
        outputs = [types.output(f.name, f"{annotation(f)} | None", f.description) for f in fields]
        types.add_object(name, about, outputs, directives=[FREE])


def _add_aggregate(types: Types, model: Model) -> None:
    fields: list[StrawberryField] = [
        types.output("key", f"{model.name}GroupKey", "What the rows of the group have in common."),
        types.output("count", "int", "How many rows the group has."),
    ]
    if summable(model):
        fields += [
            types.output("sum", f"{model.name}Sums", "Sums."),
            types.output("avg", f"{model.name}Averages", "Averages, rounded to 4 decimals."),
        ]
    if comparable(model):
        fields += [
            types.output("min", f"{model.name}Extremes", "The least values."),
            types.output("max", f"{model.name}Extremes", "The greatest values."),
        ]
    types.add_object(f"{model.name}Aggregate", f"A group of rows of `{model.name}`.", fields, directives=[FREE])
    types.add_enum(
        f"{model.name}AggregateOrderField",
        f"What groups of rows of `{model.name}` can be ordered by.",
        {
            "COUNT": ("count", "How many rows the group has."),
            **{
                f"{measure.upper()}_{field.constant}": (f"{measure}.{field.name}", f"{measure}: {field.description}")
                for measure, field in measures(model)
            },
        },
    )
    types.add_input(
        f"{model.name}AggregateOrderBy",
        f"One step of an ordering of groups of rows of `{model.name}`; equal groups are ordered by their keys.",
        [
            types.input_field("field", f"{model.name}AggregateOrderField", "What to order by."),
            types.input_field("direction", "SortDirection", "Which way.", default=types["SortDirection"].ASC),
        ],
    )
