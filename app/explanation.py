"""What is derived from an entity's declaration, as text: derivation is never invisible."""

import sqlalchemy as sa
import strawberry
from graphql import GraphQLNamedType, GraphQLSchema
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from strawberry.printer import print_schema

from resolvers.pages import Limits
from resolvers.reference.resolvers import ReferenceResolvers
from resolvers.sql.scope import Scope
from schema.ddl import table_ddl
from schema.derive.build import build
from schema.entity import Entity
from schema.model import Graph, Model
from schema.policies import policy_of, write_policy_of
from security.principal import Principal
from security.roles import ROLES, Role

_DIALECT = postgresql_dialect(paramstyle="named")


def printed_schema(graph: Graph, limits: Limits) -> str:
    """Return the SDL of a graph, with the directives that show its rules."""
    return print_schema(_built(graph, limits)) + "\n"


def _built(graph: Graph, limits: Limits) -> strawberry.Schema:
    return build(
        graph,
        ReferenceResolvers(),
        page_size=limits.page_size,
        max_page_size=limits.max_page_size,
        least_group=limits.least_group,
    )


def explanation(entity: type[Entity], everything: Graph, limits: Limits) -> dict[str, str]:
    """Return the sections of an entity's explanation by their titles."""
    model = everything[entity.__name__]
    return {
        "GraphQL": _sdl(everything, model, limits),
        "Rows by role": _rows(everything, model, limits),
        "Row policy of the database": policy_of(model) + "\n",
        "Row policy of writing": (write_policy_of(model.writes) if model.writes else "nobody writes") + "\n",
        "Fields by role": _fields(everything, model),
        "Cache": _cache(model),
        "Warehouse": _landing(model),
        "PostgreSQL": table_ddl(entity),
    }


def _sdl(everything: Graph, model: Model, limits: Limits) -> str:
    """Return the definitions of the types that stem from the entity, and of its root fields."""
    definitions = printed_schema(everything, limits).split("\n\n")
    names = _own_types(_built(everything, limits)._schema, everything, model)  # noqa: SLF001  # Strawberry has no public name for it
    own = [text for text in _whole(definitions) if any(_defines(text, name) for name in names)]
    roots = f"Query.{model.singular}, Query.{model.plural}, Query.{model.plural}Aggregate"
    return f"# Root fields: {roots}\n\n" + "\n\n".join(own) + "\n"


def _own_types(schema: GraphQLSchema, everything: Graph, model: Model) -> list[str]:
    others = {other.name for other in everything if other.name != model.name}

    def is_own(named: GraphQLNamedType) -> bool:
        name = named.name
        longer = any(name.startswith(other) and other.startswith(model.name) for other in others)
        return name.startswith(model.name) and not longer

    words = {field.words.__name__ for field in model.fields.values() if field.words}
    return [name for name, named in schema.type_map.items() if is_own(named) or name in words]


def _whole(pieces: list[str]) -> list[str]:
    """Join pieces of SDL that blank lines inside braces have parted."""
    whole: list[str] = []
    depth = 0
    for piece in pieces:
        if depth:
            whole[-1] += "\n\n" + piece
        else:
            whole.append(piece)
        depth += piece.count("{") - piece.count("}")
    return whole


def _defines(text: str, name: str) -> bool:
    return any(
        line.split("(")[0].split()[:2] == [kind, name]
        for line in text.splitlines()
        for kind in ("type", "input", "enum")
    )


def _rows(everything: Graph, model: Model, limits: Limits) -> str:
    lines = [f"# {model.rows}"]
    for role in Role:
        # Claims with a value each, so that every comparison of the rule shows.
        principal = Principal(
            "somebody", frozenset({role}), scopes=None, customer_id=0, regions=("",), warehouse_ids=(0,)
        )
        scope = Scope(everything, everything.seen_by(principal.capabilities), principal)
        lines.append(f"{role:<11}{_predicate(scope, model)}")
        if model.rows.counts_unseen(principal.capabilities):
            totals = _predicate(Scope(everything, scope.seen, principal, totals=True), model)
            counted = "rows" if model.rows.owner is None else "pharmacies"
            lines.append(
                f"{'':<11}to count and sum up: {totals}, {limits.least_group:,} {counted} together at the least"
            )
    return "\n".join(lines) + "\n"


def _somebody(role: Role) -> Principal:
    """Return a principal with every scope of its role, and with all claims, so that each comparison shows."""
    scopes = frozenset(ROLES[role])
    return Principal("somebody", frozenset({role}), scopes, customer_id=0, regions=("",), warehouse_ids=(0,))


def _predicate(scope: Scope, model: Model) -> str:
    predicate = scope.visible(model, model.table)
    if isinstance(predicate, sa.True_):
        return "every row"
    if isinstance(predicate, sa.False_):
        return "no row"
    return " ".join(str(predicate.compile(dialect=_DIALECT)).lower().split())


def _fields(everything: Graph, model: Model) -> str:
    lines = []
    for name, field in model.fields.items():
        seers = [role for role in Role if _sees(everything, model, name, role)]
        needs = f"  needs {field.read}" if field.read else ""
        personal = "  personal data" if field.pii else ""
        lines.append(f"{name:<24}{', '.join(seers) or 'nobody'}{needs}{personal}")
    return "\n".join(lines) + "\n"


def _sees(everything: Graph, model: Model, field: str, role: Role) -> bool:
    seen = everything.seen_by(_somebody(role).capabilities).models.get(model.name)
    return seen is not None and seen.readable and field in seen.fields


def _cache(model: Model) -> str:
    if model.cache is None:
        return "not kept\n"
    whom = "anybody" if model.cache.public else "the same principal"
    return f"kept {model.cache.seconds} seconds, for {whom}\n"


def _landing(model: Model) -> str:
    landing = model.landing
    if landing is None:
        return "does not go there\n"
    by = f"by the day of {landing.partition}" if landing.partition else "not partitioned"
    return f"{by}; clustered by {', '.join(landing.cluster) or 'nothing'}\n"
