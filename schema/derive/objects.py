"""Object types of entities: fields, links, and connections with Relay's cursors."""

from collections.abc import Iterator

import strawberry
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from schema.derive.inputs import annotation_of
from schema.derive.types import Types
from schema.directives import CacheControl, CacheScope, Cost, ListSize, Masked, RequiresScopes, RowPolicy, WritePolicy
from schema.model import Graph, Link, Model, ScalarField
from schema.resolution import Resolvers
from security.capabilities import Reach

TYPE_NAME = "__typename"
"""Where a row tells which entity it is of."""


@strawberry.interface(description="Anything that has a global id.")
class Node:
    """Anything that has a global id."""

    id: strawberry.ID = strawberry.field(description="Opaque id, unique in the whole graph.")

    @classmethod
    def resolve_type(cls, row: dict[str, str], *_: object) -> str:
        """Return the name of the type of a row."""
        return row[TYPE_NAME]


FREE = Cost(weight="0")
"""What a type says whose values cost nothing: they only stand around rows."""

_COUNTING = Cost(weight="5")
"""What a field says for which rows are counted that are not given."""


@strawberry.type(description="Where a page lies among all rows.", directives=[FREE])
class PageInfo:
    """Where a page lies among all rows."""

    has_next_page: bool = strawberry.field(description="Whether rows follow the page.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before the page.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row; null on an empty page.")


def add_objects(types: Types, graph: Graph, resolvers: Resolvers, page_size: int) -> None:
    """Add the object type and the connection of each entity whose rows may be read."""
    types |= {"Node": Node, "PageInfo": PageInfo}
    for model in graph:
        if model.readable:
            _add_object(types, graph, model, resolvers, page_size)
            _add_connection(types, model)


def connection_arguments(types: Types, model: Model) -> list[StrawberryArgument]:
    """Return the arguments of a field that gives a page of rows."""
    return [
        types.argument("first", "int | None", "How many rows from the start."),
        types.argument("after", "str | None", "Cursor that the page starts after."),
        types.argument("last", "int | None", "How many rows from the end."),
        types.argument("before", "str | None", "Cursor that the page ends before."),
        types.argument("where", f"{model.name}Filter | None", "Which rows."),
        types.argument(
            "order_by",
            f"list[{model.name}OrderBy] | None",
            "In which order; by key where it says nothing.",
            graphql_name="orderBy",
        ),
    ]


def sized_connection(page_size: int) -> ListSize:
    """Return how long the lists of a connection are taken to be."""
    return ListSize(
        assumed_size=page_size,
        slicing_arguments=["first", "last"],
        sized_fields=["edges", "nodes"],
        require_one_slicing_argument=False,
    )


def _add_object(types: Types, graph: Graph, model: Model, resolvers: Resolvers, page_size: int) -> None:
    directives: list[object] = [
        RequiresScopes(scopes=[[model.rows.capability]]),
        RowPolicy(rule=str(model.rows)),
    ]
    if model.writes:
        directives.append(WritePolicy(rule=str(model.writes)))
    if model.cache:
        scope = CacheScope.PUBLIC if model.cache.public else CacheScope.PRIVATE
        directives.append(CacheControl(max_age=model.cache.seconds, scope=scope))
    fields = [*_scalars(types, model), *_links(types, graph, model, resolvers, page_size)]
    types.add_object(model.name, model.description, fields, interfaces=(Node,), directives=directives)


def _scalars(types: Types, model: Model) -> Iterator[StrawberryField]:
    for field in model.fields.values():
        optional = " | None" if field.nullable else ""
        directives = list(_access(field, field.read)) if field.read else []
        yield types.output(field.name, annotation_of(field) + optional, field.description, directives=directives)


def _access(field: ScalarField, read: str) -> Iterator[object]:
    """Return the directives that say who sees a field, and what of it."""
    if field.mask is None:
        yield RequiresScopes(scopes=[[read]])
        return
    masked = f"{read}:{Reach.MASKED}"
    yield RequiresScopes(scopes=[[read], [masked]])
    yield Masked(scopes=[[masked]], shows=field.mask.value)


def _links(types: Types, graph: Graph, model: Model, resolvers: Resolvers, page_size: int) -> Iterator[StrawberryField]:
    for link in model.links.values():
        target = graph.target(link)
        if link.many:
            yield types.resolved(
                link.name,
                f"{target.name}Connection",
                link.description,
                resolvers.to_many(model, link),
                arguments=connection_arguments(types, target),
                directives=[sized_connection(page_size)],
            )
        else:
            yield _to_one(types, model, link, resolvers)


def _to_one(types: Types, model: Model, link: Link, resolvers: Resolvers) -> StrawberryField:
    optional = " | None" if link.nullable else ""
    return types.resolved(link.name, link.target + optional, link.description, resolvers.to_one(model, link))


def _add_connection(types: Types, model: Model) -> None:
    types.add_object(
        f"{model.name}Edge",
        f"A row of `{model.name}` and its place in the connection.",
        [
            types.output("cursor", "str", "Place of the row, for `after` and `before`."),
            types.output("node", model.name, "The row."),
        ],
    )
    types.add_object(
        f"{model.name}Connection",
        f"A page of rows of `{model.name}`.",
        [
            types.output("edges", f"list[{model.name}Edge]", "The rows of the page with their cursors."),
            types.output("nodes", f"list[{model.name}]", "The rows of the page."),
            types.output("pageInfo", "PageInfo", "Where the page lies."),
            types.output(
                "totalCount",
                "int",
                "How many rows there are on all pages; counted only when asked for.",
                directives=[_COUNTING],
            ),
        ],
        directives=[FREE],
    )
