"""Messages to the readers of the log, written into it by `pg_logical_emit_message`."""

import datetime as dt
import json
from dataclasses import asdict
from typing import Any, Final

import psycopg

from etl.changes import Control, CopyAgain, Erase, Heartbeat
from etl.sources.postgres_wal.messages import Message

PREFIX: Final = "cienty."
_EMIT = "select pg_logical_emit_message(%s, %s, %s)"


def control_of(message: Message) -> Control | None:
    """Return what a message says; None for one of somebody else, and for one that can't be read."""
    if not message.prefix.startswith(PREFIX):
        return None
    try:
        return _read(message.prefix.removeprefix(PREFIX), message.lsn, json.loads(message.content))
    except (ValueError, KeyError, TypeError):
        return None


def _read(word: str, lsn: int, said: dict[str, Any]) -> Control | None:
    match word:
        case "heartbeat":
            return Heartbeat(lsn, dt.datetime.fromisoformat(said["at"]))
        case "copy":
            low, high = (None if said[name] is None else int(said[name]) for name in ("low", "high"))
            return CopyAgain(str(said["table"]), str(said["id"]), low, high)
        case "erase":
            return Erase(str(said["table"]), int(said["key"]), lsn)
        case _:
            return None


def beat(connection: psycopg.Connection, *, as_commit: bool = False) -> None:
    """Let the log go on where nobody writes, so that the slot does; any role that may connect can do it.

    `as_commit` takes readers to this place of the log at once.
    """
    said = json.dumps({"at": dt.datetime.now(dt.UTC).isoformat()})
    connection.execute(_EMIT, [as_commit, f"{PREFIX}heartbeat", said])


def ask_for_copy(connection: psycopg.Connection, wanted: CopyAgain, *, as_commit: bool = False) -> None:
    """Ask whichever worker reads the log to copy a table, or a part of it, again; `as_commit` with the transaction."""
    connection.execute(_EMIT, [as_commit, f"{PREFIX}copy", json.dumps(asdict(wanted))])
