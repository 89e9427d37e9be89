"""The history of jobs, as rows of the warehouse: `pipeline.run`."""

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import duckdb

_TABLE: Final = """
create schema if not exists pipeline;
create table if not exists pipeline.run (
    run_id varchar, kind varchar, origin varchar, started_at timestamptz, ended_at timestamptz, result varchar,
    rows bigint, detail varchar
);
"""


class Kind(StrEnum):
    """What a job does."""

    MODELS = "models"
    """Brings the models up to date."""
    FULL_MODELS = "full models"
    """Builds all models anew."""
    SELECTED_MODELS = "selected models"
    """Brings some models up to date; the others are as they were."""
    CHECKS = "checks"
    RETRY = "retry"
    EXPORT = "export"
    PRUNING = "pruning"
    DOCUMENTATION = "documentation"


class Result(StrEnum):
    """How a job ended. `RUNNING` in an old row says that the process ended before the job did."""

    RUNNING = "running"
    GOOD = "good"
    FAILED = "failed"


@dataclass
class Note:
    """What a job adds to its row: `rows` it was about, and what to know about it, without values of rows."""

    result: Result = Result.FAILED
    rows: int | None = None
    detail: str | None = None

    def ended(self, *, good: bool, rows: int | None, detail: str | None = None) -> None:
        """Say how the job ended."""
        self.result = Result.GOOD if good else Result.FAILED
        self.rows, self.detail = rows, detail


class History:
    """Keeps the history in a DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.cursor().execute(_TABLE)

    @contextmanager
    def noted(self, kind: Kind, origin: str) -> Iterator[Note]:
        """Note a job for the time of the block; one that raises has failed."""
        run, note = uuid.uuid4().hex, Note()
        self._begin(run, kind, origin)
        try:
            yield note
        except BaseException as error:
            note.ended(good=False, rows=None, detail=type(error).__name__)
            raise
        finally:
            self._end(run, note)

    def last_start(self, kind: Kind) -> dt.datetime | None:
        """Return when the last job of a kind began that was good; None where none was, by the clock as it is now."""
        good = "select max(started_at) from pipeline.run where kind = ? and result = ? and started_at <= now()"
        found = self._connection.cursor().execute(good, [kind, Result.GOOD]).fetchone()
        return found[0] if found else None

    def _begin(self, run: str, kind: Kind, origin: str) -> None:
        self._connection.cursor().execute(
            "insert into pipeline.run (run_id, kind, origin, started_at, result) values (?, ?, ?, now(), ?)",
            [run, kind, origin, Result.RUNNING],
        )

    def _end(self, run: str, note: Note) -> None:
        self._connection.cursor().execute(
            "update pipeline.run set ended_at = now(), result = ?, rows = ?, detail = ? where run_id = ?",
            [note.result, note.rows, note.detail, run],
        )
