"""What became of a run of models: for its caller, and as rows that are kept."""

import datetime as dt
from dataclasses import dataclass, field

import duckdb


@dataclass(frozen=True)
class NodeResult:
    """What became of a model, seed or test: `status` as dbt says it, `failures` of a test, `fault` the kind of error.

    The text of an error isn't kept: it may quote values.
    """

    name: str
    kind: str
    status: str
    seconds: float
    failures: int | None = None
    fault: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the node did what it should; what was skipped did not."""
        return self.status in ("success", "pass", "warn")


@dataclass(frozen=True)
class RunResult:
    """A run of models. `problem` says why nothing ran at all."""

    id: str
    started_at: dt.datetime
    seconds: float
    is_full: bool
    nodes: tuple[NodeResult, ...] = field(default=())
    problem: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether everything was built and every test passed."""
        return self.problem is None and all(node.is_good for node in self.nodes)


_HISTORY = """
create table if not exists pipeline.model_run (
    run_id varchar, started_at timestamptz, is_full boolean, node varchar, kind varchar, status varchar,
    seconds double, failures bigint, fault varchar
)
"""


def keep_result(connection: duckdb.DuckDBPyConnection, result: RunResult) -> None:
    """Add a run's results to `pipeline.model_run`, a row a node; a run that didn't start is one row without a node."""
    cursor = connection.cursor()
    cursor.execute("create schema if not exists pipeline")
    cursor.execute(_HISTORY)
    nodes = result.nodes or (NodeResult("", "run", "error", result.seconds, fault=result.problem),)
    rows = [
        (result.id, result.started_at, result.is_full, *(n.name, n.kind, n.status, n.seconds, n.failures, n.fault))
        for n in nodes
    ]
    cursor.executemany("insert into pipeline.model_run values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
