"""`gateway etl retry`."""

import json
from typing import Annotated

import typer

from app.cli.etl.jobs import done
from app.settings import Settings


def retry(
    table: Annotated[str | None, typer.Argument(help="A table of the database; all when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Read changes again that could not be cast when they came, after what was wrong with them was mended.

    A change takes its place unless a newer one of its row is there. The exit status is 1 while any are left.

      gateway etl retry

      gateway etl retry orders
    """
    outcome = done(Settings.load(), "retry", {"table": table}, lambda _: None)
    if as_json:
        typer.echo(json.dumps(outcome, indent=2))
    else:
        lines = [f"{name}: {reason}" for name, reasons in outcome["reasons"].items() for reason in reasons]
        typer.echo("\n".join([*lines, f"{outcome['redeemed']:,} found their place, {outcome['left']:,} are left"]))
    raise typer.Exit(0 if outcome["good"] else 1)
