"""`gateway etl document`."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.etl.jobs import done, told
from app.settings import Settings


def document(
    to: Annotated[Path, typer.Option(help="The HTML file to write or replace.")] = Path("models.html"),
) -> None:
    """Write the models' documentation as one HTML page: every table, column and test, and what is made of what.

    gateway etl document --to models.html
    """
    outcome = done(Settings.load(), "documentation", {"to": str(to.absolute())}, told)
    typer.echo(f"the models are documented in {outcome['to']}")
