"""The answer at an address where there is nothing, for whoever asks."""

import orjson
from starlette.responses import Response

from security.errors import ErrorCode

_BODY = orjson.dumps(
    {"errors": [{"message": "There is nothing at this address.", "extensions": {"code": ErrorCode.NOT_FOUND}}]}
)


def not_found() -> Response:
    """Return it."""
    return Response(_BODY, 404, media_type="application/json")
