"""`gateway etl run`."""

import json
from typing import Annotated

import typer

from app.cli.etl.jobs import done, told
from app.settings import Settings


def run(
    full: Annotated[bool, typer.Option("--full", help="Build everything anew, not only what changed.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="A model, `+model` with what it needs, `model+` with what needs it."),
    ] = None,
    tests: Annotated[bool, typer.Option("--tests", help="Run each model's tests before what depends on it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Bring the star and the marts up to date with what has arrived in the warehouse.

    A running worker does it between its other jobs; without one this command opens the warehouse itself. The exit
    status is 1 when a model or test failed.

      gateway etl run

      gateway etl run --full

      gateway etl run --select +customer_360 --select revenue_and_margin --tests
    """
    arguments = {"full": full, "select": select or [], "tests": tests}
    outcome = done(Settings.load(), "models", arguments, told)
    bad = [node for node in outcome["nodes"] if node["status"] not in ("success", "pass", "warn")]
    if as_json:
        typer.echo(json.dumps(outcome, indent=2))
    else:
        for node in bad:
            typer.echo(f"{node['node']}: {node['fault'] or node['status']}")
        typer.echo(
            outcome["problem"] or f"{len(outcome['nodes'])} built in {outcome['seconds']:.1f} s, {len(bad)} failed"
        )
    raise typer.Exit(0 if outcome["good"] else 1)
