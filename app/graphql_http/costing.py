"""The header `GraphQL-Cost`: whether a client wants to be told what its operation costs."""

from dataclasses import replace

from starlette.datastructures import Headers

from app.graphql_http.errors import BadRequest
from resolvers.engine import Costing, Operation


def with_costing(operation: Operation, headers: Headers) -> Operation:
    """Return the operation with what the header asks for: `report` the cost beside the data, or only `validate`."""
    asked = headers.get("graphql-cost")
    if asked is None:
        return operation
    try:
        return replace(operation, costing=Costing(asked.strip().lower()))
    except ValueError:
        raise BadRequest("The header GraphQL-Cost must be `report` or `validate`.") from None
