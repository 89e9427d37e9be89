"""The job that builds the models: `models`, with `full`, `select` and `tests`."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from etl.batch.history import History, Kind, Note
from etl.batch.jobs import JobRefused, Tell, Words
from etl.models.target import BigQueryTarget

if TYPE_CHECKING:
    from etl.models.results import NodeResult, RunResult
    from etl.models.run import ModelRunner

_NAMED: Final = 5


class ModelsJob:
    """Builds the models of an open DuckDB, or of BigQuery where that is the `target`. dbt may write into `folder`.

    dbt is imported with the first run: it takes seconds and a hundred megabytes that a worker may never need.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        folder: Path,
        history: History,
        target: BigQueryTarget | None = None,
    ) -> None:
        self._target = target
        self._connection = connection
        self._folder = folder
        self._history = history
        self._made: ModelRunner | None = None

    def __call__(self, arguments: Words, tell: Tell) -> Words:
        """Run the models; the outcome tells how many were built and names those that were not."""
        full, select = bool(arguments.get("full")), [str(word) for word in arguments.get("select") or ()]
        with self._history.noted(_kind(full=full, select=select), str(arguments.get("origin") or "command")) as note:
            result = self._runner().run(
                full=full, select=select, tests=bool(arguments.get("tests")), finished=lambda node: tell(_told(node))
            )
            _note(note, result, select)
        return _outcome(result)

    def test(self) -> "RunResult":
        """Run the tests of the models."""
        return self._runner().test()

    def document(self, arguments: Words, _tell: Tell) -> Words:
        """Write the documentation and lineage of the models as one HTML page to the path `to`."""
        to = Path(str(arguments["to"]))
        if not to.parent.is_dir():
            raise JobRefused(f"there is no folder {to.parent}: make it first")
        with self._history.noted(Kind.DOCUMENTATION, str(arguments.get("origin") or "command")) as note:
            scratch = to.with_name(f".{to.name}.new")
            shutil.copyfile(self._runner().document(), scratch)
            scratch.replace(to)
            note.ended(good=True, rows=None)
        return {"to": str(to)}

    def _runner(self) -> "ModelRunner":
        from etl.models.run import ModelRunner  # noqa: PLC0415 - dbt, only where models are run

        if self._made is None:
            self._made = (
                ModelRunner.on_duckdb(self._connection, self._folder)
                if self._target is None
                else ModelRunner(self._target, self._folder)
            )
        return self._made


def _kind(*, full: bool, select: Sequence[str]) -> Kind:
    if select:
        return Kind.SELECTED_MODELS
    return Kind.FULL_MODELS if full else Kind.MODELS


def _note(note: Note, result: "RunResult", select: Sequence[str]) -> None:
    bad = [node.name for node in result.nodes if not node.is_good]
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    failed = f"not built: {', '.join(bad[:_NAMED])}{more}" if bad else None
    note.ended(good=result.is_good, rows=len(result.nodes), detail=result.problem or failed or " ".join(select) or None)
    if select and not result.nodes and result.problem is None:
        raise JobRefused(f"no model is selected by {' '.join(select)}: name models, +models or tag:name as dbt does")


def _told(node: "NodeResult") -> dict[str, Any]:
    return {"node": node.name, "kind": node.kind, "status": node.status, "seconds": round(node.seconds, 2)}


def _outcome(result: "RunResult") -> dict[str, Any]:
    return {
        "good": result.is_good,
        "seconds": round(result.seconds, 2),
        "nodes": [_told(node) | {"failures": node.failures, "fault": node.fault} for node in result.nodes],
        "problem": result.problem,
    }
