"""Building the schema that a set of capabilities sees."""

import datetime as dt
from decimal import Decimal

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField

from schema.derive.aggregates import add_aggregates, aggregate_field
from schema.derive.explain_access import explain_access_field
from schema.derive.inputs import add_inputs
from schema.derive.objects import add_objects, connection_arguments, sized_connection
from schema.derive.quality import quality_fields
from schema.derive.rate_limit import rate_limit_field
from schema.derive.types import Types
from schema.directives import Authenticated, ListSize
from schema.model import Graph, Model
from schema.resolution import Resolvers
from schema.scalars import SCALARS, BigInt

PAGE_SIZE = 50
"""Rows of a page that asks for no number."""

MAX_PAGE_SIZE = 1000
"""Most rows of a page, unless set otherwise."""


LEAST_GROUP = 5
"""Least number of pharmacies, or rows of what belongs to none, of which they are told that may not read the rows."""


def build(
    graph: Graph,
    resolvers: Resolvers,
    *,
    page_size: int = PAGE_SIZE,
    max_page_size: int = MAX_PAGE_SIZE,
    least_group: int = LEAST_GROUP,
) -> strawberry.Schema:
    """Return the schema of what a graph holds: give it `graph.seen_by(capabilities)`."""
    types = Types(
        {"str": str, "int": int, "bool": bool, "ID": strawberry.ID, "BigInt": BigInt, "Decimal": Decimal, "JSON": JSON}
        | {"datetime": dt.datetime, "date": dt.date}
    )
    add_inputs(types, graph)
    add_objects(types, graph, resolvers, page_size)
    add_aggregates(types, graph, resolvers)
    fields = [*_node_fields(types, resolvers, max_page_size), rate_limit_field(types, resolvers)]
    if graph.explains:
        fields.append(explain_access_field(types, resolvers))
    if graph.has_quality:
        fields += quality_fields(types, resolvers)
    for model in graph:
        fields += _roots(types, model, resolvers, page_size)
        if model.countable:
            fields.append(aggregate_field(types, model, resolvers, max_page_size, least_group))
    types.add_object("Query", "What can be asked for.", fields, directives=[Authenticated()])
    types.complete()
    return strawberry.Schema(
        query=types["Query"],
        types=[types[model.name] for model in graph if model.readable],
        config=StrawberryConfig(auto_camel_case=True, default_resolver=_read, scalar_map=SCALARS),
    )


def _roots(types: Types, model: Model, resolvers: Resolvers, page_size: int) -> list[StrawberryField]:
    fields = []
    if model.readable:
        fields += [
            types.resolved(
                model.singular,
                f"{model.name} | None",
                f"The row of `{model.name}` with an id; null where there is none that the caller may see.",
                resolvers.by_id(model),
                arguments=[types.argument("id", "ID", "Its global id.")],
            ),
            types.resolved(
                model.plural,
                f"{model.name}Connection",
                f"A page of rows of `{model.name}`.",
                resolvers.connection(model),
                arguments=connection_arguments(types, model),
                directives=[sized_connection(page_size)],
            ),
        ]
    return fields


def _node_fields(types: Types, resolvers: Resolvers, max_page_size: int) -> list[StrawberryField]:
    return [
        types.resolved(
            "node",
            "Node | None",
            "The row with an id; null where there is none that the caller may see.",
            resolvers.node(),
            arguments=[types.argument("id", "ID", "Its global id.")],
        ),
        types.resolved(
            "nodes",
            "list[Node | None]",
            "The rows with some ids, in the order of the ids.",
            resolvers.nodes(),
            arguments=[types.argument("ids", "list[ID]", "Their global ids.")],
            directives=[
                ListSize(
                    assumed_size=max_page_size,
                    slicing_arguments=["ids"],
                    sized_fields=[],
                    require_one_slicing_argument=False,
                )
            ],
        ),
    ]


def _read(source: object, name: str) -> object:
    """Read a field off its parent; a function there is a value that is made only when asked for."""
    value = source[name] if isinstance(source, dict) else getattr(source, name)
    return value() if callable(value) else value
