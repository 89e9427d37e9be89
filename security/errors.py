"""What a client may be told went wrong: a closed list of codes and one small hierarchy."""

from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """`extensions.code` of an error. Clients may rely on the list being closed."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    TOO_EXPENSIVE = "TOO_EXPENSIVE"
    THROTTLED = "THROTTLED"
    TIMEOUT = "TIMEOUT"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class GatewayError(Exception):
    """A fault that its client is told of as it is: code, HTTP status and a message that says what to do.

    `retry_after` is in how many seconds asking again may help; None where it does not.
    """

    code: ClassVar[ErrorCode]
    status: ClassVar[int]
    retry_after: int | None = None

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions: dict[str, Any] = {"code": self.code.value, **extensions}


class Unauthenticated(GatewayError):
    """No valid token came with the request."""

    code = ErrorCode.UNAUTHENTICATED
    status = 401


class Forbidden(GatewayError):
    """The principal is known and has no right to do this."""

    code = ErrorCode.FORBIDDEN
    status = 403


class BadUserInput(GatewayError):
    """An argument has a value that can't be used."""

    code = ErrorCode.BAD_USER_INPUT
    status = 400


class NotFound(GatewayError):
    """There is no such thing, or none that the principal may see."""

    code = ErrorCode.NOT_FOUND
    status = 404


class TooExpensive(GatewayError):
    """The operation asks for more than one operation may."""

    code = ErrorCode.TOO_EXPENSIVE
    status = 400


class Throttled(GatewayError):
    """The principal has spent its budget; `retry_after` is in how many seconds there is enough of it."""

    code = ErrorCode.THROTTLED
    status = 429

    def __init__(self, message: str, *, retry_after: int, **extensions: Any) -> None:
        super().__init__(message, **extensions)
        self.retry_after = retry_after


class TimedOut(GatewayError):
    """The time budget of the operation ended before the operation did."""

    code = ErrorCode.TIMEOUT
    status = 504


class Unavailable(GatewayError):
    """A part that the operation needs does not answer now; trying again later may help."""

    code = ErrorCode.UNAVAILABLE
    status = 503
    retry_after = 1
