"""How an operation was executed: on which path, for what reason not on the compiled one, and by which statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from graphql import GraphQLError

from security.errors import GatewayError


class Path(StrEnum):
    """What executed an operation."""

    COMPILED = "compiled"
    MIXED = "mixed"
    """Compiled fields beside those that were left to graphql-core."""
    REFERENCE = "reference"


class Reason(StrEnum):
    """Why an operation was not compiled; the words are part of the metrics."""

    SWITCHED_OFF = "switched_off"
    NO_QUERY = "no_query"
    NO_COMPILED_FIELD = "no_compiled_field"
    UNKNOWN_FIELD = "unknown_field"
    """A field below a compiled one that the compiler does not know."""
    UNUSABLE_VALUE = "unusable_value"
    NO_VALUE = "no_value"
    """A field that must have a value has none, as where there are too many groups."""
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    """The filters of a field and of what lies below it have too many conditions for one statement."""
    UNFIT = "unfit"
    """A statement does not fit the values that it was made for: a fault of ours."""
    FAULT = "fault"
    """The compiler failed, or the database takes what it made for no statement: a fault of ours, told in the log."""


FAULTS: Final = frozenset({Reason.UNFIT, Reason.FAULT})
"""Reasons that nobody who asks is to blame for."""


@dataclass(frozen=True)
class Sent:
    """A statement that was sent to the database; `plan` tells whether it was `new` or `kept`."""

    sql: str
    field: str | None = None
    plan: str | None = None
    planning: str | None = None

    def told(self) -> dict[str, Any]:
        """Return what is known of it."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Way:
    """How an operation was executed."""

    path: Path
    reason: Reason | None = None
    sent: Sequence[Sent] = ()

    @cached_property
    def labels(self) -> tuple[str, str]:
        """The path and the reason as metrics have them."""
        return self.path.value, self.reason.value if self.reason else ""

    @property
    def is_by_fault(self) -> bool:
        """Whether the compiler failed at the operation."""
        return self.reason in FAULTS

    def told(self) -> dict[str, Any]:
        """Return it as clients read it."""
        reason = {} if self.reason is None else {"reason": self.reason.value}
        return {"path": self.path.value, **reason, "statements": [one.told() for one in self.sent]}


COMPILED: Final = Way(Path.COMPILED)
MIXED: Final = Way(Path.MIXED)


class NotCompiled(Exception):
    """An operation needs the reference path."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


_SAID: Final = (NotCompiled, GatewayError, GraphQLError, RecursionError)
"""What the compiler raises where it knows why."""


@contextmanager
def compiling() -> Iterator[None]:
    """Leave an operation to the reference path where the compiler fails at it by a fault of ours."""
    try:
        yield
    except _SAID:
        raise
    except Exception as error:
        raise NotCompiled(Reason.FAULT) from error
