"""`gateway schema`: the graph as a role sees it."""

from typing import Annotated

import typer

from security.roles import Role

schema_commands = typer.Typer(no_args_is_help=True, help="The graph, derived from the declared entities.")


@schema_commands.command("print")
def print_schema(
    role: Annotated[
        Role | None, typer.Option(help="Only what exists for a role that has no scopes; everything where left out.")
    ] = None,
) -> None:
    """Print the schema as SDL, with the directives that show its rules.

    Examples:

        gateway schema print > schema.graphql

        gateway schema print --role customer
    """
    from app.explanation import printed_schema
    from app.settings import Settings
    from resolvers.pages import Limits
    from schema.entities import ENTITIES
    from schema.model import describe
    from security.roles import ROLES

    settings = Settings.load()
    graph = describe(ENTITIES)
    seen = graph.seen_by(ROLES[role]) if role else graph
    limits = Limits(settings.page_size_default, settings.page_size_max, settings.group_size_min)
    typer.echo(printed_schema(seen, limits), nl=False)
