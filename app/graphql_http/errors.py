"""Refusals of requests that never become an operation, each with its HTTP status."""

from typing import Any, ClassVar

from security.errors import ErrorCode


class HttpRefusal(Exception):
    """HTTP, or the way GraphQL travels over it, was used wrongly; `headers` go into the response."""

    status: ClassVar[int]

    def __init__(self, message: str, **headers: str) -> None:
        super().__init__(message)
        self.message = message
        self.extensions: dict[str, Any] = {"code": ErrorCode.BAD_USER_INPUT.value}
        self.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


class BadRequest(HttpRefusal):
    """The request is no well-formed GraphQL-over-HTTP request."""

    status = 400


class MethodNotAllowed(HttpRefusal):
    """The method is not for this address, or not for this operation."""

    status = 405


class NotAcceptable(HttpRefusal):
    """The client takes none of the media types that there are."""

    status = 406


class RequestTimeout(HttpRefusal):
    """The client took too long to send its request."""

    status = 408


class ContentTooLarge(HttpRefusal):
    """The body is larger than a body may be."""

    status = 413


class UnsupportedMediaType(HttpRefusal):
    """The body is of a type or in an encoding that is not read."""

    status = 415
