"""Recording: each operation, and what became of it, is in the journal before its answer is sent."""

import asyncio
import datetime as dt
from collections import deque
from typing import Any, Final, Protocol

import orjson
import structlog

from app.audit.shipping import Shipping
from app.exchange import OPERATION_NAME
from app.outcomes import BAD_USER_INPUT, CANCELLED, outcome_of
from resolvers.answers import Answer, refused_by
from resolvers.engine import MutationByGet, Operation
from security.errors import Unavailable
from security.principal import Principal

_MOST_HELD: Final = 10_000
"""Records held in memory while the journal takes none; with so many of them nothing is answered any more."""

_SEPARATE: Final = Unavailable(
    "Personal data is not given while access to it can't be recorded: try again in some minutes."
)
_FULL: Final = Unavailable("Nothing is answered while it can't be recorded: try again in some minutes.")
_LOG: Final = structlog.stdlib.get_logger("app.audit")


class Executor(Protocol):
    """What runs operations."""

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Run an operation with the principal's rights."""
        ...


class RecordingExecutor:
    """Runs operations on another executor and records each of them.

    What has personal data in it is only answered when its record is in the journal, and the database has taken
    records within the last `most_lag` seconds. Of everything else the record waits for the journal in memory, where
    there is room for some; then nothing is done that would leave no record.
    """

    def __init__(self, executor: Executor, shipping: Shipping, *, most_lag: float) -> None:
        self._executor = executor
        self._shipping = shipping
        self._most_lag = most_lag
        self._held: deque[bytes] = deque()
        # Not at the next request: there may be none before the process ends.
        shipping.on_room(self.write_held)

    @property
    def held(self) -> int:
        """How many records wait in memory, because the journal takes none."""
        return len(self._held)

    async def execute(self, operation: Operation, principal: Principal) -> Answer:
        """Run an operation; the answer is 503 where it is sensitive and can't be recorded."""
        if len(self._held) >= _MOST_HELD and not self.write_held():
            return refused_by(_FULL)
        try:
            answer = await self._executor.execute(operation, principal)
        except (MutationByGet, asyncio.CancelledError) as end:
            outcome = BAD_USER_INPUT if isinstance(end, MutationByGet) else CANCELLED
            self._write(_record(operation, principal, None, outcome))
            raise
        access = answer.access
        is_sensitive = access is not None and access.is_sensitive
        if is_sensitive and self._shipping.lag > self._most_lag:
            answer = refused_by(_SEPARATE)
        if not self._write(_record(operation, principal, answer, outcome_of(answer))) and is_sensitive:
            return refused_by(_SEPARATE)
        return answer

    def write_held(self) -> bool:
        """Append the records that are held, as far as the journal takes them; False where some are left."""
        held = self._held
        try:
            while held:
                self._shipping.append(held[0])
                held.popleft()
        except OSError as fault:
            if len(held) == 1:
                _LOG.error("the audit journal takes no records", errno=fault.errno)
            return False
        return True

    def _write(self, record: bytes) -> bool:
        """Append a record to the journal, after those that are held; False where it is held itself."""
        if not self._held:
            try:
                self._shipping.append(record)
            except OSError:
                pass  # It is held, and told of.
            else:
                return True
        self._held.append(record)
        return self.write_held()


def _record(operation: Operation, principal: Principal, answer: Answer | None, outcome: str) -> bytes:
    """Write a record as JSON that PostgreSQL takes: without NUL and halves of surrogate pairs."""
    told = _told(operation, principal, answer, outcome)
    if principal.has_plain_names:
        try:
            return orjson.dumps(told)
        except orjson.JSONEncodeError:
            pass
    return orjson.dumps({name: _clean(value) if isinstance(value, str) else value for name, value in told.items()})


def _told(operation: Operation, principal: Principal, answer: Answer | None, outcome: str) -> dict[str, Any]:
    name, actor = operation.name, principal.actor
    told: dict[str, Any] = {
        "at": dt.datetime.now(dt.UTC),
        "request": operation.request,
        "subject": principal.subject,
        "actor": actor.subject if actor else None,
        "roles": principal.role_names,
        "address": operation.address,
        "operation": name if name and OPERATION_NAME.fullmatch(name) else None,
        "outcome": outcome,
    }
    access = answer.access if answer is not None else None
    if access is None:
        told["document"] = operation.hash
        return told
    told["document"] = access.coordinates.document
    told["coordinates"] = access.coordinates.joined
    if access.is_sensitive:
        told["personal"] = " ".join(access.personal)
        told["subjects"] = " ".join((*access.subjects, ""))
    return told


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
