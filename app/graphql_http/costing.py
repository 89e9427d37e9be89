"""The header `GraphQL-Cost`: whether a client wants to be told what its operation costs."""

from app.graphql_http.errors import BadRequest
from app.graphql_http.head import Head
from resolvers.engine import Costing


def costing_of(head: Head) -> Costing:
    """Return what the header asks for: to `report` the cost beside the data, or only to `validate`."""
    asked = head.cost
    if asked is None:
        return Costing.SILENT
    try:
        return Costing(asked.strip().lower())
    except ValueError:
        raise BadRequest("The header GraphQL-Cost must be `report` or `validate`.") from None
