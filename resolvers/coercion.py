"""Variables: their signatures read once for each operation, their values coerced at each run."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputType,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_non_null_type,
)
from graphql.execution import get_variable_values
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues
from graphql.utilities import coerce_input_value

from resolvers.answers import MAX_ERRORS

Coerced = Mapping[str, Any]
"""The values of an operation's variables, of those that have one."""


class Coercer:
    """Coerces the variables of one operation as graphql-core does, which words what is wrong with them.

    `signatures` are those of all its variables.
    """

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        found = [get_variable_signature(schema, definition) for definition in self._definitions]
        self.signatures = {one.name: one for one in found if isinstance(one, GraphQLVariableSignature)}
        self._readers = [(name, _reader(one.type), _may_be_absent(one)) for name, one in self.signatures.items()]

    def __call__(self, given: Mapping[str, Any]) -> Coerced | list[GraphQLError]:
        """Return the values of the variables, or what is wrong with them."""
        coerced: dict[str, Any] = {}
        for name, read, may_be_absent in self._readers:
            value = given.get(name, Undefined)
            if value is Undefined:
                if not may_be_absent:
                    return self._by_the_book(given)
                continue
            try:
                found = read(value)
            except RecursionError:
                found = Undefined
            if found is Undefined:
                return self._by_the_book(given)
            coerced[name] = found
        return coerced

    def _by_the_book(self, given: Mapping[str, Any]) -> Coerced | list[GraphQLError]:
        """Coerce with defaults, and with messages for what is wrong."""
        try:
            found = get_variable_values(self._schema, self._definitions, dict(given), max_errors=MAX_ERRORS)
        except RecursionError:
            return [GraphQLError("The variables are nested too deeply.")]
        return found.coerced if isinstance(found, VariableValues) else found


def _may_be_absent(signature: GraphQLVariableSignature) -> bool:
    return signature.default is None and not is_non_null_type(signature.type)


def _reader(type_: GraphQLInputType) -> Callable[[Any], Any]:
    """Return what coerces a value of a type; to `Undefined` where that is impossible."""
    match type_:
        case GraphQLNonNull(of_type=GraphQLScalarType() as scalar):
            # Most variables are of such a type. graphql-core asks of each value anew what its type is.
            return partial(_scalar, scalar.coerce_input_value, Undefined)
        case GraphQLScalarType() as scalar:
            return partial(_scalar, scalar.coerce_input_value, None)
    return partial(coerce_input_value, type_=type_)


def _scalar(coerce: Callable[[Any], Any], of_null: Any, value: Any) -> Any:
    if value is None:
        return of_null
    try:
        return coerce(value)
    except Exception:  # noqa: BLE001  # whatever it is, graphql-core then words it
        return Undefined
