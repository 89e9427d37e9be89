"""`gateway explain`: all that is derived from an entity."""

import json
from difflib import get_close_matches
from typing import Annotated

import typer

from app.errors import StartError


def explain(
    entity: Annotated[str, typer.Argument(help="Name of the entity, as its class or its root field: Order, order.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print an object with a text for each section.")] = False,
) -> None:
    """Print what is derived from an entity: SDL, row predicates, fields by role, cache, warehouse, SQL.

    Examples:

        gateway explain Order

        gateway explain price --json
    """
    from app.explanation import explanation
    from app.settings import Settings
    from resolvers.pages import Limits
    from schema.entities import ENTITIES
    from schema.model import describe

    settings = Settings.load()
    names = {name.lower(): one for one in ENTITIES for name in (one.__name__, one.__declaration__.singular)}
    found = names.get(entity.lower())
    if found is None:
        near = get_close_matches(entity.lower(), names, n=1)
        hint = f"did you mean {names[near[0]].__name__}?" if near else "the names are: "
        known = "" if near else ", ".join(sorted(one.__name__ for one in ENTITIES))
        raise StartError(f"there is no entity {entity}: {hint}{known}")
    limits = Limits(settings.page_size_default, settings.page_size_max, settings.group_size_min)
    sections = explanation(found, describe(ENTITIES), limits)
    if as_json:
        typer.echo(json.dumps(sections, ensure_ascii=False, indent=2))
        return
    for title, text in sections.items():
        typer.echo(f"{title}\n{'=' * len(title)}\n{text}")
