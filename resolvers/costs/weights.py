"""What the SDL's directives `@cost` and `@listSize` say of a type or field."""

from typing import TypeVar

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, get_named_type, is_composite_type

from schema.directives import Cost, ListSize

Directive = TypeVar("Directive")

_DECLARED = "strawberry-definition"


def own_weight(field: GraphQLField) -> int:
    """Return what a field costs besides what it gives."""
    declared = _directive(field, Cost)
    return int(declared.weight) if declared else 0


def weight_of_type(type_: GraphQLNamedType) -> int:
    """Return what a value of a type costs: 1 for an object unless its type says something else, 0 for a scalar."""
    if not is_composite_type(type_):
        return 0
    declared = _directive(type_, Cost) if isinstance(type_, GraphQLObjectType) else None
    return int(declared.weight) if declared else 1


def weight_of_value(field: GraphQLField) -> int:
    """Return what each value that a field gives costs."""
    return weight_of_type(get_named_type(field.type))


def list_size(field: GraphQLField) -> ListSize | None:
    """Return how long the lists of a field are taken to be."""
    return _directive(field, ListSize)


def _directive(part: GraphQLField | GraphQLNamedType, kind: type[Directive]) -> Directive | None:
    declared = part.extensions.get(_DECLARED)
    return next((one for one in getattr(declared, "directives", None) or () if isinstance(one, kind)), None)
