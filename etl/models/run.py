"""Running the models: dbt in this process, on the worker's warehouse, one run at a time.

dbt takes seconds to import and keeps global state, so this module belongs into the worker, never into the gateway.
"""

import datetime as dt
import re
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Final

import duckdb
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from etl.models.changed import EVERYTHING, changed_selection, note_whole_run, today
from etl.models.results import NodeResult, RunResult, keep_result
from etl.models.shared_connection import dbt_on
from etl.models.staging import PROJECT
from etl.models.target import BigQueryTarget, DuckDBTarget, write_profile

Finished = Callable[[NodeResult], None]

# What no run needs to say, and nothing that leaves this machine.
_QUIET: Final = (
    *("--quiet", "--no-print", "--log-level", "none", "--log-level-file", "none"),
    *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors"),
)
_KIND_OF_ERROR = re.compile(r"[A-Z]\w+ Error")


class ModelRunner:
    """Runs dbt against one warehouse. `folder` is where it may write: its profile, parsed project and documentation."""

    def __init__(
        self,
        target: DuckDBTarget | BigQueryTarget,
        folder: Path,
        connection: duckdb.DuckDBPyConnection | None = None,
    ) -> None:
        self._target = target
        self._folder = folder
        self._connection = connection
        self._turn = threading.Lock()
        self._manifest: Manifest | None = None
        # Views follow their tables: once made by this process, whose project can't change, they stay.
        self._has_views = False

    @classmethod
    def on_duckdb(cls, connection: duckdb.DuckDBPyConnection, folder: Path, threads: int = 2) -> "ModelRunner":
        """Return a runner on an open connection, whose file it never opens itself."""
        found = connection.cursor().execute("select current_database()").fetchone()
        return cls(DuckDBTarget(str(found[0]) if found else "memory", threads), folder, connection)

    def run(
        self, *, full: bool = False, select: Sequence[str] = (), tests: bool = False, finished: Finished | None = None
    ) -> RunResult:
        """Bring the models up to date with what arrived since the last run, or with `full` build all of them anew.

        `select` names models as dbt does (`customer_360`, `+marts`, `tag:daily`); without it, models are left out whose
        sources had no arrivals since the last whole run that was good, unless they depend on the day and it is another.
        `tests` runs the tests of each model before those that depend on it. Waits for a run that is under way. Results
        are kept in `pipeline.model_run` when the warehouse is DuckDB. Never raises for a model that fails.
        """
        chosen, day = list(select) or self._chosen(full=full), today()
        if not tests and (full or not self._has_holidays()):
            self._dbt("seed")
        words = ["build" if tests else "run", *(["--full-refresh"] if full else []), *_selection(chosen)]
        if not select and self._has_views and not full:
            words += ["--exclude", "config.materialized:view"]
        result = self._dbt(*words, is_full=full, finished=finished)
        if not select and result.is_good:
            self._has_views = True
            self._note_whole_run(day)
        self._keep(result)
        return result

    def test(self, *, finished: Finished | None = None) -> RunResult:
        """Run all tests of data, and no unit tests: those are about the code and run before it is released."""
        result = self._dbt("test", "--exclude-resource-type", "unit_test", finished=finished)
        self._keep(result)
        return result

    def unit_test(self) -> RunResult:
        """Run the unit tests of the business rules; needs built models, for their columns."""
        return self._dbt("test", "--resource-type", "unit_test")

    def document(self) -> Path:
        """Write the documentation and lineage as one HTML file, and return its path."""
        result = self._dbt("docs", "generate", "--static", is_written=True)
        if result.problem:
            raise ModelsNotDocumented(result.problem)
        return self._folder / "target" / "static_index.html"

    def compile(self) -> RunResult:
        """Write every model's SQL into the folder, and change nothing; BigQuery is asked which tables are there."""
        offline = () if isinstance(self._target, BigQueryTarget) else ("--no-populate-cache", "--no-introspect")
        return self._dbt("compile", *offline)

    def compiled(self) -> dict[str, str]:
        """Return the SQL of each model as it was compiled last, by model."""
        folder = self._folder / "target" / "compiled" / "cienty" / "models"
        return {path.stem: path.read_text() for path in folder.rglob("*.sql") if path.is_file()}

    def _chosen(self, *, full: bool) -> list[str]:
        if full or self._connection is None:
            return [EVERYTHING]
        return changed_selection(self._connection.cursor())

    def _dbt(
        self, *words: str, is_full: bool = False, finished: Finished | None = None, is_written: bool = False
    ) -> RunResult:
        with self._turn, self._sharing():
            began, start = dt.datetime.now(dt.UTC), time.perf_counter()
            runner = dbtRunner(self._parsed(), callbacks=[_reporting(finished)] if finished else [])
            artifacts = [] if is_written else ["--no-write-json"]
            outcome = runner.invoke([*_QUIET, *artifacts, *words, *self._places()])
            nodes = tuple(filter(_is_told, map(_node, getattr(outcome.result, "results", None) or ())))
            problem = None if nodes or outcome.success else _problem(outcome.exception)
            return RunResult(uuid.uuid4().hex, began, time.perf_counter() - start, is_full, nodes, problem)

    def _parsed(self) -> Manifest | None:
        """Return the project as dbt read it, once: a third of a second in each run otherwise."""
        if self._manifest is None:
            write_profile(self._target, self._folder)
            read = dbtRunner().invoke([*_QUIET, "--no-write-json", "parse", *self._places()])
            self._manifest = read.result if isinstance(read.result, Manifest) else None
        return self._manifest

    def _sharing(self) -> AbstractContextManager[None]:
        return nullcontext() if self._connection is None else dbt_on(self._connection)

    def _places(self) -> tuple[str, ...]:
        target = self._folder / "target"
        return (
            *("--project-dir", str(PROJECT), "--profiles-dir", str(self._folder)),
            *("--target-path", str(target), "--log-path", str(self._folder)),
        )

    def _has_holidays(self) -> bool:
        if self._connection is None:
            return True
        found = self._connection.cursor().execute(
            "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = 'national_holidays'"
        )
        return found.fetchone() is not None

    def _note_whole_run(self, day: dt.date) -> None:
        if self._connection is not None:
            note_whole_run(self._connection.cursor(), day)

    def _keep(self, result: RunResult) -> None:
        if self._connection is not None:
            keep_result(self._connection, result)


class ModelsNotDocumented(Exception):
    """dbt could not write the documentation; its text says why."""


def _selection(chosen: Sequence[str]) -> list[str]:
    return [] if EVERYTHING in chosen else ["--select", *chosen]


def _node(result: Any) -> NodeResult:
    status = str(getattr(result.status, "value", result.status))
    return NodeResult(
        name=result.node.name,
        kind=str(getattr(result.node.resource_type, "value", result.node.resource_type)),
        status=status,
        seconds=round(result.execution_time, 4),
        failures=result.failures,
        fault=_fault(result.message) if status == "error" else None,
    )


def _is_told(node: NodeResult) -> bool:
    """Tell whether a node is one of those that were asked for, or prevented them."""
    return node.kind != "operation" or not node.is_good


def _problem(exception: BaseException | None) -> str:
    return "dbt could not start" if exception is None else f"{type(exception).__name__}: {_fault(str(exception))}"


def _fault(message: str | None) -> str:
    """Return which kinds of error a message names, and none of the values it may quote."""
    kinds = dict.fromkeys(_KIND_OF_ERROR.findall(message or ""))
    return ", ".join(kinds) or "Error"


def _reporting(finished: Finished) -> Callable[[Any], None]:
    """Return a listener of dbt's events that tells of each node that ended."""

    def tell(event: Any) -> None:
        if event.info.name == "NodeFinished":
            info, run = event.data.node_info, event.data.run_result
            finished(NodeResult(info.node_name, info.resource_type, run.status, run.execution_time))

    return tell
