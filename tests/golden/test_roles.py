"""What exists for each role, against the files in `roles/`; `make generate` writes them again."""

from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, is_leaf_type

from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from schema.model import Model
from security.roles import ROLES, Role
from security.rows import AllOf, Always, AnyOf, Compare, Condition, Never
from tests.golden.test_operations import WRITES, golden
from tests.model.world import GRAPH

FOLDER = Path(__file__).parent / "roles"


def described(role: Role) -> str:
    """Return a page about what a role sees, made from its schema and not from what the schema was made of."""
    seen = GRAPH.seen_by(ROLES[role])
    schema: GraphQLSchema = build(seen, ReferenceResolvers())._schema
    assert schema.query_type
    roots = " ".join(schema.query_type.fields)
    parts = [f"What exists for the role {role}, with all of its scopes.\n\nQuery: {roots}\n"]
    parts += [_entity(schema, model, role) for model in GRAPH if f"{model.name}Filter" in schema.type_map]
    return "\n".join(parts)


def _entity(schema: GraphQLSchema, model: Model, role: Role) -> str:
    name, capabilities = model.name, ROLES[role]
    of_object, of_filter = _names(schema, name), _names(schema, f"{name}Filter")
    links = [link for link in of_object if not is_leaf_type(_leaf(schema, name, link))]
    lines = {
        "reads": _rows(model.rows.condition(capabilities)),
        "counts": _rows(model.rows.total(capabilities)),
        "fields": " ".join(field for field in of_object if field not in links),
        "links": " ".join(links),
        "filters": " ".join(of_filter),
        "orders by": " ".join(_names(schema, f"{name}OrderField")),
        "groups by": " ".join([*_names(schema, f"{name}GroupField"), *_names(schema, f"{name}GroupBy")[2:]]),
        "orders groups by": " ".join(_names(schema, f"{name}AggregateOrderField")),
        "keys": " ".join(_names(schema, f"{name}GroupKey")),
        "sums": " ".join(_names(schema, f"{name}Sums")),
        "averages": " ".join(_names(schema, f"{name}Averages")),
        "extremes": " ".join(_names(schema, f"{name}Extremes")),
    }
    return "\n".join([name, *(f"    {title}: {text}" for title, text in lines.items() if text)]) + "\n"


def _names(schema: GraphQLSchema, type_name: str) -> list[str]:
    match schema.type_map.get(type_name):
        case GraphQLObjectType(fields=fields) | GraphQLInputObjectType(fields=fields):
            return list(fields)
        case GraphQLEnumType(values=values):
            return list(values)
    return []


def _leaf(schema: GraphQLSchema, type_name: str, field: str) -> object:
    found = schema.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    type_ = found.fields[field].type
    return getattr(type_, "of_type", type_)


def _rows(condition: Condition) -> str:
    match condition:
        case Always():
            return "every row"
        case Never():
            return "no row"
        case Compare():
            return f"{condition.path} {condition.comparison.value} principal.{condition.claim}"
        case AllOf(parts):
            return " and ".join(_rows(part) for part in parts)
        case AnyOf(parts):
            return " or ".join(_rows(part) for part in parts)


@pytest.mark.parametrize("role", Role)
def test_role(role: Role, pytestconfig: pytest.Config) -> None:
    text = described(role)
    assert golden(FOLDER / f"{role}.txt", text, write=bool(pytestconfig.getoption(WRITES))) == text


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(Role)
