"""`gateway etl export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app.cli.etl.jobs import done
from app.cli.target import say
from app.settings import Settings


def export(
    name: Annotated[str, typer.Argument(help="`marts.customer_360`, or `customer_360` for the first layer with it.")],
    to: Annotated[Path, typer.Option(help="A file to write or replace, or a folder to write NAME.parquet into.")],
    partition: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Write a folder with a part for each value of a column.")
    ] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="Let columns with personal data leave, too; it is noted.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Write a table or mart of the warehouse as Parquet, whole or not at all.

    Columns with personal data are left out unless they are asked for. A running worker writes the file; without one
    this command opens the warehouse itself.

      gateway etl export customer_360 --to customer_360.parquet

      gateway etl export core.fact_orders --to orders --partition order_date
    """
    arguments = {"name": name, "to": str(to.absolute()), "partition": partition, "personal": personal}
    outcome = done(Settings.load(), "export", arguments, lambda _: None)
    if as_json:
        typer.echo(json.dumps(outcome, indent=2))
        return
    if outcome["left_out"]:
        say(f"left out as personal data: {', '.join(outcome['left_out'])}; --personal takes them along")
    typer.echo(f"{outcome['rows']:,} rows of {outcome['table']} are in {outcome['to']}")
