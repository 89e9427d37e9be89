"""How much introspection gives: its lists are as long as the schema is large, and everybody may ask for them."""

from collections.abc import Callable, Iterable
from typing import Final

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    SelectionSetNode,
    get_named_type,
)

from security.errors import TooExpensive

_MOST: Final = 100_000
"""Values that introspection may give. Each takes 3 µs, in which nothing else is answered; GraphiQL asks for 17,000."""

_WRAPPED: Final = 0.5
"""How many types are made of another one, about."""

Fields = Callable[[SelectionSetNode, GraphQLNamedType], Iterable[tuple[GraphQLNamedType, FieldNode]]]
"""Gives the fields of a selection and its fragments, with the types that they are of."""


def check_introspection(schema: GraphQLSchema, fields: Fields, nodes: Iterable[FieldNode]) -> None:
    """Raise `TooExpensive` where root fields of introspection may give too many values."""
    lengths = _lengths(schema)

    def values(selection: SelectionSetNode, parent: GraphQLNamedType, times: float) -> float:
        total = 0.0
        for on, node in fields(selection, parent):
            name = node.name.value
            number = times * lengths.get(name, 1.0)
            total += number
            if node.selection_set and isinstance(on, GraphQLObjectType):
                total += values(node.selection_set, get_named_type(on.fields[name].type), number)
        return total

    total = 0.0
    for node in nodes:
        named = schema.get_type("__Schema" if node.name.value == "__schema" else "__Type")
        if node.selection_set and named is not None:
            total += values(node.selection_set, named, 1.0)
    if total > _MOST:
        raise TooExpensive(f"Introspection may give more than {_MOST:,} values: ask for each thing once, or in parts.")


def _lengths(schema: GraphQLSchema) -> dict[str, float]:
    """Return how long the lists of introspection are on average, by the fields that give them."""
    types = schema.type_map.values()
    composite = [one for one in types if isinstance(one, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for one in composite for field in one.fields.values()]
    inputs = sum(len(one.fields) for one in types if isinstance(one, GraphQLInputObjectType))
    words = sum(len(one.values) for one in types if isinstance(one, GraphQLEnumType))
    implemented = sum(len(one.interfaces) for one in composite)
    return {
        "types": len(types),
        "directives": len(schema.directives),
        "fields": len(fields) / len(types),
        "inputFields": inputs / len(types),
        "enumValues": words / len(types),
        "interfaces": implemented / len(types),
        "possibleTypes": implemented / len(types),
        "args": sum(len(field.args) for field in fields) / max(len(fields), 1),
        "ofType": _WRAPPED,
    }
