"""Reading a request's body, no further than it may go and no longer than it may take."""

from functools import lru_cache
from typing import Final

from starlette.types import Receive

from app.graphql_http.errors import BadRequest, ContentTooLarge, RequestTimeout, UnsupportedMediaType
from app.graphql_http.head import Head
from resolvers.deadlines import Deadlines

_CHARSETS: Final = frozenset({"utf-8", "utf8"})


class ClientDisconnected(Exception):
    """The client went away before its request was complete; there is nobody to answer."""


def check_head(head: Head, limit: int) -> None:
    """Raise `UnsupportedMediaType` unless a body is plain JSON in UTF-8, and `ContentTooLarge` for one too large.

    The first is also what keeps foreign pages out: no browser sends this type to another site without asking it first.
    Nothing of a body that is announced to have more than `limit` bytes is read; one without that header is counted as
    it comes.
    """
    if not head.is_usual:
        _check_media_type(head)
    announced = head.content_length
    if announced is None:
        return
    if not announced.isdecimal():
        raise BadRequest("Content-Length is no number.")
    if len(announced) > len(str(limit)) or int(announced) > limit:
        raise _too_large(limit)


def _check_media_type(head: Head) -> None:
    encoding = head.content_encoding
    if encoding is not None and encoding.strip().lower() != "identity":
        raise UnsupportedMediaType("The body is compressed: send it as it is.", accept_encoding="identity")
    given = head.content_type
    if len(given) != 1 or not _is_json(given[0]):
        raise UnsupportedMediaType("Send the body as JSON, with the header Content-Type: application/json.")


async def read_body(receive: Receive, *, limit: int, deadlines: Deadlines) -> bytes:
    """Return the body, of at most `limit` bytes, received in time."""
    try:
        with deadlines():
            return await _receive_all(receive, limit)
    except TimeoutError:
        raise RequestTimeout("The body took too long to arrive.", connection="close") from None


async def _receive_all(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than {limit} bytes: send less, or values as variables in parts.")


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    if name != "application/json":
        return False
    charsets = [
        value.strip('" ') for key, _, value in (p.partition("=") for p in parameters) if key.strip() == "charset"
    ]
    return all(charset in _CHARSETS for charset in charsets)
