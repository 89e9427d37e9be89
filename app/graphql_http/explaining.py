"""The header `GraphQL-Explain`: whether a developer wants to be told how an operation is executed."""

from app.graphql_http.errors import BadRequest
from app.graphql_http.head import Head


def is_explaining(head: Head, *, is_allowed: bool) -> bool:
    """Tell whether the header asks for it: with `report`, where that is allowed."""
    asked = head.explain
    if asked is None:
        return False
    if not is_allowed:
        raise BadRequest("The header GraphQL-Explain is not for this gateway: GATEWAY_EXPLAIN allows it.")
    if asked.strip().lower() != "report":
        raise BadRequest("The header GraphQL-Explain must be `report`.")
    return True
