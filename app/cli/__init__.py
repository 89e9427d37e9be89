"""The command line `gateway`: one module a command, imported when the command is called."""

import sys
from importlib import import_module
from importlib.metadata import version as version_of
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from app.errors import StartError

# A line a command, in the order of `gateway --help`. The module `app.cli.<name>` has a function of that name, or
# `<name>_commands`, a typer application of further words.
COMMANDS: Final = {
    "serve": "Serve GraphQL, with embedded servers unless others are set.",
    "token": "Print a token signed with the development key.",
    "revoke": "End tokens before their time.",
    "migrate": "Bring the database in step with this version.",
    "load": "Load the tables' files of a folder.",
    "seed": "Fill an empty database with demo data.",
    "etl": "Feed the warehouse, and tell how it stands.",
    "warehouse": "Ask the warehouse by SQL.",
    "audit": "Tell whether the audit log is whole.",
    "doctor": "Tell what the gateway would run on, and what is wrong.",
    "schema": "Print the graph as a role sees it.",
    "explain": "Print all that is derived from an entity.",
}


class Commands(TyperGroup):
    """Knows the commands by name and imports the one that is called, so that each starts fast."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Put the real command in the place of its name."""
        if args[0] in COMMANDS:
            self.add_command(imported(args[0]), args[0])
        return super().resolve_command(ctx, args)


def imported(name: str) -> Any:
    """Return a command from its module."""
    module = import_module(f"app.cli.{name}")
    group: typer.Typer | None = getattr(module, f"{name}_commands", None)
    if group is not None:
        group.rich_markup_mode = None
        return get_group(group)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(getattr(module, name))
    return get_command(alone)


application = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"gateway {version_of('cienty-gateway')}")
        raise typer.Exit


@application.callback()
def gateway(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Cienty's data-access gateway: serve it, fill it, look into it.

    Settings come from the environment, prefix GATEWAY_.
    """


def main() -> None:
    """Run the command line; what cannot go on says why in one line."""
    try:
        application(prog_name="gateway")
    except StartError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
