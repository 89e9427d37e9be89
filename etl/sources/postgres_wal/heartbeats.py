"""Heartbeats: messages in the log, written by `pg_logical_emit_message`, that say nothing but that the source lives."""

import datetime as dt
import json
from typing import Final

import psycopg

from etl.changes import Heartbeat
from etl.sources.postgres_wal.messages import Message

PREFIX: Final = "cienty.heartbeat"
# More than one that says a time to the microsecond needs.
_LONGEST: Final = 200
_EMIT: Final = "select pg_logical_emit_message(%s, %s, %s)"


def heartbeat_of(message: Message) -> Heartbeat | None:
    """Return the heartbeat that a message is; None for any other, and for one that can't be read.

    Whoever may connect can write one. It says no later moment than now, so that nobody hides for longer than that how
    far readers are behind.
    """
    if message.prefix != PREFIX or len(message.content) > _LONGEST:
        return None
    try:
        at = dt.datetime.fromisoformat(json.loads(message.content)["at"])
        return Heartbeat(message.lsn, min(at.astimezone(dt.UTC), dt.datetime.now(dt.UTC)))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def beat(connection: psycopg.Connection, *, as_commit: bool = False) -> None:
    """Let the log go on where nobody writes, so that the slot does; any role that may connect can do it.

    `as_commit` takes readers to this place of the log at once.
    """
    said = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat()})
    connection.execute(_EMIT, [as_commit, PREFIX, said])
