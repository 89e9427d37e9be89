"""Responses: their JSON, and what of an error a client is told."""

import logging
import re
import traceback
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from graphql import GraphQLError

from resolvers.access import Access
from resolvers.ways import Way
from security.errors import BadUserInput, ErrorCode, GatewayError, TimedOut, Unavailable

_log = logging.getLogger(__name__)

MAX_ERRORS = 20
"""Most errors of one response; a response must not be far larger than its request."""


TOO_DEEP = BadUserInput("The operation is nested too deeply: ask for fewer levels, or take them in turn.")


_QUOTING: Final = (
    (re.compile(r", found: .*", re.DOTALL), "."),
    (re.compile(r" Found: .*", re.DOTALL), ""),
    (re.compile(r"(cannot represent (?:[a-z0-9 -]+ )?value): .*", re.DOTALL), r"\1."),
    (re.compile(r"Value '.*' does not exist", re.DOTALL), "The value does not exist"),
    (re.compile(r"\b(BlockString|String|Int|Float) (['\"]).*\2", re.DOTALL), r"\1"),
)
"""How messages of graphql-core quote values, and what stands there instead."""


class Answer(NamedTuple):
    """The response to an operation.

    `executed` is False for a request error: the operation did not run, and the response has no data. `status` is the
    HTTP status under `application/graphql-response+json`. `access` is what of the graph it tells, as audits need it.
    `retry_after` is in how many seconds asking again may help. `way` is how an operation that ran was executed.
    """

    body: bytes
    executed: bool
    status: int
    access: Access | None = None
    retry_after: int | None = None
    way: Way | None = None


def refusal(errors: Iterable[GraphQLError], code: ErrorCode, status: int = 400) -> Answer:
    """Return the answer to an operation that did not run."""
    return Answer(_json({"errors": formatted(errors, code)}), executed=False, status=status)


def refused_by(error: GatewayError) -> Answer:
    """Return the answer to an operation that one fault ended as a whole."""
    told = {"message": error.message, "extensions": error.extensions}
    return Answer(_json({"errors": [told]}), executed=False, status=error.status, retry_after=error.retry_after)


def refused_by_fault(error: Exception) -> Answer:
    """Return the answer to an operation that a fault of ours ended as a whole."""
    return Answer(_json({"errors": [masked(error)]}), executed=False, status=500)


def executed(data: Any, errors: Sequence[GraphQLError], access: Access, way: Way) -> Answer:
    """Return the answer to an operation that ran, with the fields that failed.

    An operation that was given a value it can't use, or that the database does not answer, is refused whole,
    wherever in it that showed.
    """
    told = formatted(errors, ErrorCode.INTERNAL)
    faults = (_fault(error, ErrorCode.INTERNAL) for error in errors)
    whole = next((fault for fault in faults if isinstance(fault, BadUserInput | TimedOut | Unavailable)), None)
    if whole is not None:
        wait = whole.retry_after
        return Answer(_json({"errors": told}), executed=False, status=whole.status, retry_after=wait, way=way)
    body = _json({"errors": told, "data": data} if told else {"data": data})
    return Answer(body, executed=True, status=200, access=access, way=way)


def compiled(response: bytes, access: Access, way: Way) -> Answer:
    """Return the answer of an operation whose data the database has written."""
    return Answer(response, executed=True, status=200, access=access, way=way)


def extended(answer: Answer, extensions: Mapping[str, Any]) -> Answer:
    """Return an answer that tells more beside its data or errors."""
    return answer._replace(body=answer.body[:-1] + b',"extensions":' + _json(extensions) + b"}")


def formatted(errors: Iterable[GraphQLError], code: ErrorCode) -> list[dict[str, Any]]:
    """Return errors as clients read them; `code` is that of errors which carry none."""
    told: list[dict[str, Any]] = []
    for error in errors:
        if len(told) == MAX_ERRORS:
            break
        told.append(_formatted(error, code))
    return told


def _formatted(error: GraphQLError, code: ErrorCode) -> dict[str, Any]:
    fault = _fault(error, code)
    if isinstance(fault, GatewayError):
        told: dict[str, Any] = {"message": fault.message, "extensions": fault.extensions}
    elif fault is None:
        told = {"message": _without_values(error.message), "extensions": {"code": code.value}}
    else:
        told = masked(fault)
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path:
        told["path"] = error.path
    return told


def _fault(error: GraphQLError, code: ErrorCode) -> Exception | None:
    """Return what stands behind an error: a fault of the gateway, or None where graphql-core tells of the request."""
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, RecursionError):
        return TOO_DEEP
    if not isinstance(cause, GraphQLError):
        return cause
    if code is not ErrorCode.INTERNAL:
        return None
    # While an operation runs, an argument is refused at its place in the document; what has no place is a value of
    # ours that a scalar can't write.
    return BadUserInput(_without_values(cause.message)) if cause.nodes else cause


def _without_values(message: str) -> str:
    """Return a message of graphql-core's without the values of the request that it quotes.

    They may be personal data, and halves of surrogate pairs, which no response can have.
    """
    for pattern, instead in _QUOTING:
        message = pattern.sub(instead, message)
    return message.encode(errors="replace").decode()


def masked(error: BaseException) -> dict[str, Any]:
    """Return what a client is told of a fault of ours: an id, under which the log has more."""
    fault = log_fault(error)
    return {
        "message": f"Something went wrong on our side. Report it with the id {fault}.",
        "extensions": {"code": ErrorCode.INTERNAL.value, "id": fault},
    }


def log_fault(error: BaseException) -> str:
    """Log where a fault of ours happened, without its message: messages of the database hold values. Return its id."""
    fault = uuid.uuid4().hex
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "internal fault",
        extra={
            "fault": fault,
            "error": type(error).__qualname__,
            "sqlstate": getattr(error, "sqlstate", None),
            "frames": [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
        },
    )
    return fault


def _json(response: Mapping[str, Any]) -> bytes:
    return orjson.dumps(response)
