"""What an operation selects, as graphql-core collects it: fragments merged, `@skip` and `@include` applied."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_argument_values,
    get_named_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from resolvers.compiled.slots import plain

_ARGUMENTS = {"orderBy": "order_by", "groupBy": "group_by"}
"""The graph's names of arguments that the resolvers know by Python's."""


@dataclass(frozen=True)
class Selected:
    """A field of a response: the key it stands under, and all the nodes of the document that ask for it."""

    key: str
    name: str
    parent: GraphQLObjectType
    details: Sequence[FieldDetails]


class Selections:
    """Walks an operation; the values of its variables may have slots in them."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = variables
        self._fragments = {
            definition.name.value: FragmentDetails(definition)
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }

    def roots(self) -> list[Selected]:
        """Return the root fields."""
        query = cast("GraphQLObjectType", self._schema.query_type)
        found = collect_fields(self._schema, self._fragments, self._variables, query, self._operation)
        return list(_selected(query, found.grouped_field_set))

    def below(self, selected: Selected, type_name: str | None = None) -> list[Selected]:
        """Return the fields selected of an object that a field gives; of a field of an interface its type is named."""
        field = selected.parent.fields[selected.name]
        named = get_named_type(field.type) if type_name is None else self._schema.type_map[type_name]
        type_ = cast("GraphQLObjectType", named)
        found = collect_subfields(
            self._schema, self._fragments, self._variables, self._operation, type_, list(selected.details)
        )
        return list(_selected(type_, found.grouped_field_set))

    def arguments(self, selected: Selected) -> dict[str, Any]:
        """Return the arguments of a field, with slots, and only those that were given."""
        field = selected.parent.fields[selected.name]
        given = get_argument_values(field, selected.details[0].node, self._variables)
        return {_ARGUMENTS.get(name, name): plain(value) for name, value in given.items()}


def _selected(parent: GraphQLObjectType, grouped: dict[str, list[FieldDetails]]) -> Iterator[Selected]:
    for key, details in grouped.items():
        yield Selected(key, details[0].node.name.value, parent, details)
