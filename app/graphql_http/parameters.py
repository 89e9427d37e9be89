"""The parameters of a GraphQL-over-HTTP request, from a body or from a query string."""

from typing import Any
from urllib.parse import parse_qsl

from app.graphql_http import strict_json
from app.graphql_http.errors import BadRequest
from resolvers.engine import Costing, Operation

NAMES = ("query", "operationName", "variables", "extensions")
_MAX_FIELDS = 100


Origin = tuple[Costing, str | None, str | None, bool]
"""What a request says of its operation beside its parameters, as `Operation` has it from `costing` on."""


def from_body(body: bytes, origin: Origin) -> Operation:
    """Return the operation that a POST's JSON body asks for."""
    if not body.strip():
        raise BadRequest("The body is empty: send a JSON object with `query`.")
    parameters = strict_json.parse(body)
    if isinstance(parameters, list):
        raise BadRequest("Operations are not taken in batches: send each in a request of its own.")
    if not isinstance(parameters, dict):
        raise BadRequest("The body is no JSON object: send one with `query`.")
    return _operation(parameters, origin, may_write=True)


def from_query_string(query_string: bytes, origin: Origin) -> Operation:
    """Return the operation that a GET's address asks for; it may only read."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise BadRequest("The query string cannot be read: encode it as a form, in UTF-8.") from None
    parameters: dict[str, Any] = {}
    for name, value in pairs:
        if name in parameters:
            raise BadRequest("The query string has the same parameter twice.")
        if name in NAMES:
            parameters[name] = value
    for name in ("variables", "extensions"):
        if name in parameters:
            parameters[name] = strict_json.parse(parameters[name].encode())
    return _operation(parameters, origin, may_write=False)


def has_query(query_string: bytes) -> bool:
    """Tell whether a query string asks for an operation."""
    return any(part.startswith(b"query=") for part in query_string.split(b"&"))


def _operation(parameters: dict[str, Any], origin: Origin, *, may_write: bool) -> Operation:
    document = parameters.get("query")
    if not isinstance(document, str):
        raise BadRequest("The parameter `query` must be a text with a GraphQL document.")
    if "\0" in document:
        raise BadRequest("The parameter `query` has the character U+0000.")
    name = parameters.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest("The parameter `operationName` must be a text or null.")
    variables, extensions = parameters.get("variables"), parameters.get("extensions")
    for key, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise BadRequest(f"The parameter `{key}` must be an object or null.")
    return Operation(document, name or None, variables, may_write, *origin)
