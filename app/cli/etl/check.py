"""`gateway etl check`."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from app.cli.etl.jobs import done
from app.cli.etl.target import source_database
from app.settings import Settings
from etl.quality.check import Status


def check(
    no_models: Annotated[bool, typer.Option("--no-models", help="Leave the tests of the models out.")] = False,
    no_source: Annotated[bool, typer.Option("--no-source", help="Compare nothing with the database.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with every check.")] = False,
) -> None:
    """Check the warehouse: shapes, values, keys, references, freshness, anomalies, the models, and the source.

    The exit status is 1 when a check failed, could not look, or had nothing to look at. Every result is kept in
    `pipeline.check_result`.

      gateway etl check

      gateway etl check --no-models --json | jq -r '.findings[] | select(.status != "pass") | .check'
    """
    settings = Settings.load()
    with source_database(settings, command="gateway etl check") as url:
        outcome = done(settings, "checks", {"models": not no_models, "source": not no_source}, lambda _: None, url)
    typer.echo(json.dumps(outcome, indent=2) if as_json else _in_words(outcome["findings"]))
    raise typer.Exit(0 if outcome["good"] else 1)


def _in_words(findings: Sequence[Mapping[str, Any]]) -> str:
    lines = [_line(finding) for finding in findings if finding["status"] != Status.PASS]
    counts = Counter(finding["status"] for finding in findings)
    return "\n".join([*lines, ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])])


def _line(finding: Mapping[str, Any]) -> str:
    counted = f": {finding['violations']:,} of {finding['examined']:,}" if finding["examined"] else ""
    detail = f" - {finding['detail']}" if finding["detail"] else ""
    return f"{finding['status']:<6}{finding['check']}{counted}{detail}"
