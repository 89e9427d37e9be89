"""The schema as clients rely on it: names, types and links of the interface contract, and words on everything."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)

from app.explanation import printed_schema
from resolvers.pages import Limits
from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import MAX_PAGE_SIZE, PAGE_SIZE, build
from schema.model import Graph
from security.roles import ROLES
from tests.model.world import GRAPH

FILE = Path(__file__).parents[3] / "schema" / "schema.graphql"


def built(graph: Graph) -> GraphQLSchema:
    schema: GraphQLSchema = build(graph, ReferenceResolvers())._schema
    return schema


SCHEMA = built(GRAPH)

ROOTS = {
    "customer": "Customer",
    "customerTier": "CustomerTier",
    "product": "Product",
    "category": "Category",
    "supplier": "Supplier",
    "warehouse": "Warehouse",
    "inventory": "InventoryItem",
    "order": "Order",
    "orderItem": "OrderItem",
    "price": "Price",
    "purchaseOrder": "PurchaseOrder",
    "auditRecord": "AuditRecord",
    "interaction": "Interaction",
}
PLURALS = {
    "customers": "Customer",
    "customerTiers": "CustomerTier",
    "products": "Product",
    "categories": "Category",
    "suppliers": "Supplier",
    "warehouses": "Warehouse",
    "inventoryItems": "InventoryItem",
    "orders": "Order",
    "orderItems": "OrderItem",
    "prices": "Price",
    "purchaseOrders": "PurchaseOrder",
    "auditRecords": "AuditRecord",
    "interactions": "Interaction",
}
LINKS = {
    "Order.customer": "Customer",
    "Order.items": "OrderItemConnection!",
    "OrderItem.order": "Order",
    "OrderItem.product": "Product!",
    "Product.manufacturer": "Supplier",
    "Product.category": "Category",
    "Product.inventory": "InventoryItemConnection!",
    "Product.prices": "PriceConnection!",
    "Customer.tier": "CustomerTier",
    "Customer.orders": "OrderConnection!",
    "Customer.interactions": "InteractionConnection!",
    "Supplier.products": "ProductConnection!",
    "Warehouse.inventory": "InventoryItemConnection!",
    "Interaction.customer": "Customer",
    "Interaction.order": "Order",
}
FIELDS = {
    "Order.id": "ID!",
    "Order.databaseId": "BigInt!",
    "Order.orderDate": "DateTime!",
    "Order.status": "OrderStatus!",
    "Order.total": "Decimal!",
    "Order.notes": "String",
    "OrderItem.quantity": "Int!",
    "Product.isGeneric": "Boolean!",
    "Supplier.contactInfo": "JSON",
    "OrderConnection.edges": "[OrderEdge!]!",
    "OrderConnection.nodes": "[Order!]!",
    "OrderConnection.pageInfo": "PageInfo!",
    "OrderConnection.totalCount": "Int!",
    "OrderEdge.cursor": "String!",
    "OrderEdge.node": "Order!",
    "PageInfo.hasNextPage": "Boolean!",
    "PageInfo.hasPreviousPage": "Boolean!",
    "PageInfo.startCursor": "String",
    "PageInfo.endCursor": "String",
    "Query.node": "Node",
    "Query.nodes": "[Node]!",
    "OrderAggregate.count": "Int!",
    "OrderSums.total": "Decimal",
    "OrderItemSums.quantity": "BigInt",
    "OrderItemAverages.quantity": "Decimal",
    "OrderExtremes.orderDate": "DateTime",
    "OrderGroupKey.orderDate": "Date",
    "OrderGroupKey.customer": "CustomerGroupKey",
}
CONNECTION_ARGUMENTS = {
    "first": "Int",
    "after": "String",
    "last": "Int",
    "before": "String",
    "where": "OrderFilter",
    "orderBy": "[OrderOrderBy!]",
}


def type_of(coordinate: str) -> str:
    parent, _, name = coordinate.partition(".")
    found = SCHEMA.type_map[parent]
    assert isinstance(found, GraphQLObjectType)
    return str(found.fields[name].type)


def arguments_of(coordinate: str) -> dict[str, str]:
    parent, _, name = coordinate.partition(".")
    found = SCHEMA.type_map[parent]
    assert isinstance(found, GraphQLObjectType)
    return {argument: str(it.type) for argument, it in found.fields[name].args.items()}


@pytest.mark.parametrize(("name", "type_"), ROOTS.items())
def test_a_row_by_id(name: str, type_: str) -> None:
    assert type_of(f"Query.{name}") == type_
    assert arguments_of(f"Query.{name}") == {"id": "ID!"}


@pytest.mark.parametrize(("name", "type_"), PLURALS.items())
def test_a_page_and_groups_of_rows(name: str, type_: str) -> None:
    assert type_of(f"Query.{name}") == f"{type_}Connection!"
    assert arguments_of(f"Query.{name}") == {
        argument: kind.replace("Order", type_, 1) for argument, kind in CONNECTION_ARGUMENTS.items()
    }
    assert type_of(f"Query.{name}Aggregate") == f"[{type_}Aggregate!]!"
    assert arguments_of(f"Query.{name}Aggregate") == {
        "where": f"{type_}Filter",
        "groupBy": f"[{type_}GroupBy!]",
        "orderBy": f"[{type_}AggregateOrderBy!]",
        "first": "Int",
    }


def test_there_is_no_other_root() -> None:
    assert SCHEMA.query_type
    assert set(SCHEMA.query_type.fields) == {
        "node",
        "nodes",
        "rateLimit",
        "explainAccess",
        "qualityChecks",
        "qualityHistory",
        *ROOTS,
        *PLURALS,
        *(f"{name}Aggregate" for name in PLURALS),
    }
    assert SCHEMA.mutation_type is None
    assert SCHEMA.subscription_type is None


@pytest.mark.parametrize(("coordinate", "type_"), (LINKS | FIELDS).items())
def test_types_of_fields(coordinate: str, type_: str) -> None:
    assert type_of(coordinate) == type_


def test_links_to_many_are_connections_with_their_arguments() -> None:
    assert arguments_of("Customer.orders") == CONNECTION_ARGUMENTS


def test_every_entity_is_a_node() -> None:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {type_.name for type_ in SCHEMA.get_possible_types(node)} == set(ROOTS.values())


def test_a_link_to_rows_that_may_be_hidden_is_nullable() -> None:
    everyone = {model.name for model in GRAPH if not model.rows.hides_rows}
    assert everyone == {"CustomerTier", "Category", "Supplier", "Product", "AuditRecord"}
    for model in GRAPH:
        for link in model.to_one:
            may_be_null = not type_of(f"{model.name}.{link.name}").endswith("!")
            assert may_be_null == (link.target not in everyone or bool(link.local.nullable)), link


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Return every thing of a schema that can have a description, with its own."""
    for name, type_ in schema.type_map.items():
        if is_introspection_type(type_) or is_specified_scalar_type(type_):
            continue
        yield name, type_.description
        yield from _parts(type_)
    for directive in schema.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description


def _parts(type_: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in type_.fields.items():
            yield f"{type_.name}.{name}", field.description
            for argument, it in field.args.items():
                yield f"{type_.name}.{name}({argument}:)", it.description
    elif isinstance(type_, GraphQLInputObjectType):
        for name, given in type_.fields.items():
            yield f"{type_.name}.{name}", given.description
    elif isinstance(type_, GraphQLEnumType):
        for name, value in type_.values.items():
            yield f"{type_.name}.{name}", value.description


def test_everything_has_a_description() -> None:
    texts = dict(described(SCHEMA))
    assert len(texts) > 1_000
    assert [coordinate for coordinate, text in texts.items() if not (text or "").strip()] == []
    # Words such as `CASH: WhatsApp.` aside, a description is a sentence.
    assert [
        coordinate for coordinate, text in texts.items() if not (text or "").rstrip().endswith((".", "?", "…"))
    ] == []


def test_descriptions_are_those_of_the_declarations() -> None:
    texts = dict(described(SCHEMA))
    for model in GRAPH:
        assert texts[model.name] == model.description
        for field in model.fields.values():
            assert texts[f"{model.name}.{field.name}"] == texts[f"{model.name}Filter.{field.name}"] == field.description
        for link in model.links.values():
            assert texts[f"{model.name}.{link.name}"] == link.description


def test_the_committed_file_is_what_the_declarations_say() -> None:
    assert printed_schema(GRAPH, Limits(PAGE_SIZE, MAX_PAGE_SIZE)) == FILE.read_text(), "run make generate"


_ORDER = "orders:read or customer_id = principal.customer_id or customer.region in principal.regions"
_SHOWN = f"""
type Query @authenticated {{
type Order implements Node @requiresScopes(scopes: [["orders:read"]]) @rowPolicy(rule: "{_ORDER}")\
 @writePolicy(rule: "{_ORDER.replace("read", "write")}") @cacheControl(maxAge: 30, scope: PRIVATE) {{
type Product implements Node @requiresScopes(scopes: [["catalog:read"]]) @rowPolicy(rule: "catalog:read")\
 @cacheControl(maxAge: 600, scope: PUBLIC) {{
  total: Decimal! @requiresScopes(scopes: [["orders.amounts:read"]])
directive @rowPolicy(rule: String!) on OBJECT
directive @writePolicy(rule: String!) on OBJECT
directive @smallestGroup(scopes: [[String!]!]!, size: Int!, of: String!) on FIELD_DEFINITION
  ): [OrderAggregate!]! @cost(weight: "10") @listSize(assumedSize: 1000, slicingArguments: ["first"], sizedFields: [],\
 requireOneSlicingArgument: false) @smallestGroup(scopes: [["orders:read:aggregate"]], size: 5, of: "pharmacies")
directive @listSize(assumedSize: Int!, slicingArguments: [String!]!, sizedFields: [String!]!,\
 requireOneSlicingArgument: Boolean!) on FIELD_DEFINITION
scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")
"""


@pytest.mark.parametrize("line", _SHOWN.strip().splitlines())
def test_the_sdl_shows_the_rules(line: str) -> None:
    assert line in FILE.read_text().splitlines()


def test_connections_tell_their_size() -> None:
    size = (
        f'@listSize(assumedSize: {PAGE_SIZE}, slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"],'
        " requireOneSlicingArgument: false)"
    )
    to_many = sum(len(list(model.to_many)) for model in GRAPH)
    assert FILE.read_text().count(size) == len(GRAPH.models) + to_many


def test_schemas_that_are_built_at_once_are_those_built_one_by_one() -> None:
    graphs = [GRAPH.seen_by(capabilities) for capabilities in ROLES.values()]
    limits = Limits(PAGE_SIZE, MAX_PAGE_SIZE)
    alone = [printed_schema(graph, limits) for graph in graphs]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda graph: printed_schema(graph, limits), graphs * 2))
    assert at_once == alone * 2
