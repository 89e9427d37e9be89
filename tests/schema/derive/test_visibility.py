"""What a role may not read does not exist for it: in no type, argument, suggestion or introspection."""

import json
import re
from collections.abc import Iterator
from functools import cache

import pytest
from graphql import GraphQLSchema, get_introspection_query, parse, print_schema, validate

from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from schema.global_id import global_id
from schema.model import Kind, Model, ScalarField
from security.principal import Principal
from security.roles import ROLES, Role
from tests.graph import Asking
from tests.model.world import GRAPH

SUGGESTION = re.compile(r",? Did you mean [^?]*\?")
NARROWED = [role for role in Role if role is not Role.ADMIN]


@cache
def schema_of(role: Role) -> GraphQLSchema:
    schema: GraphQLSchema = build(GRAPH.seen_by(ROLES[role]), ReferenceResolvers())._schema
    return schema


def principal_of(role: Role) -> Principal:
    return Principal("somebody", frozenset({role}), scopes=frozenset(ROLES[role]), customer_id=14)


def hidden_fields(role: Role) -> Iterator[tuple[Model, ScalarField]]:
    """Return each field of an entity that exists for the role, which does not exist for it itself."""
    for model in GRAPH.seen_by(ROLES[role]):
        for name, field in GRAPH[model.name].fields.items():
            if name not in model.fields:
                yield model, field


def masked_fields(role: Role) -> Iterator[tuple[Model, ScalarField]]:
    """Return each field that the role sees masked."""
    for model in GRAPH.seen_by(ROLES[role]):
        yield from ((model, field) for field in model.fields.values() if field.is_masked)


def hidden_links(role: Role) -> Iterator[tuple[Model, str]]:
    for model in GRAPH.seen_by(ROLES[role]):
        yield from ((model, name) for name in GRAPH[model.name].links if name not in model.links)


def uses_of_field(model: Model, field: ScalarField, name: str, constant: str) -> Iterator[str]:
    """Return operations that would tell something of a field, whose name is given twice."""
    many = model.plural
    if model.readable:
        yield f"{{ {many} {{ nodes {{ {name} }} }} }}"
        yield f"{{ {many} {{ edges {{ node {{ {name} }} }} }} }}"
    yield from comparisons_of_field(model, field, name, constant)


def comparisons_of_field(model: Model, field: ScalarField, name: str, constant: str) -> Iterator[str]:
    """Return operations that would compare rows by a field."""
    many = model.plural
    operators = "{isNull: true}" if field.kind is not Kind.KEY else '{eq: "1"}'
    if model.readable:
        yield f"{{ {many}(where: {{{name}: {operators}}}) {{ totalCount }} }}"
        yield f"{{ {many}(orderBy: {{field: {constant}}}) {{ totalCount }} }}"
    yield f"{{ {many}Aggregate(where: {{not: {{{name}: {operators}}}}}) {{ count }} }}"
    yield f"{{ {many}Aggregate(groupBy: {{field: {constant}}}) {{ count }} }}"
    yield f"{{ {many}Aggregate {{ key {{ {name} }} }} }}"
    for measure in ("sum", "avg", "min", "max"):
        yield f"{{ {many}Aggregate {{ {measure} {{ {name} }} }} }}"
        yield f"{{ {many}Aggregate(orderBy: {{field: {measure.upper()}_{constant}}}) {{ count }} }}"


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


def without_suggestion(message: str) -> str:
    return SUGGESTION.sub("", message).replace(". Found:", ", found:")


def messages(schema: GraphQLSchema, document: str) -> list[str]:
    return [error.message for error in validate(schema, parse(document))]


@pytest.mark.parametrize("role", NARROWED)
def test_a_hidden_field_is_refused_like_one_that_does_not_exist(role: Role) -> None:
    schema = schema_of(role)
    known = words_of(print_schema(schema))
    for model, field in hidden_fields(role):
        # Names that are not there either, and are like no other.
        name, constant = "q" * len(field.name), "Q" * len(field.constant)
        absent = uses_of_field(model, field, name, constant)
        for document, other in zip(uses_of_field(model, field, field.name, field.constant), absent, strict=True):
            found, expected = messages(schema, document), messages(schema, other)
            assert len(found) == len(expected) > 0, document
            for message, like in zip(found, expected, strict=True):
                said = without_suggestion(message).replace(field.name, name).replace(field.constant, constant)
                assert said == without_suggestion(like)
                suggested = words_of(" ".join(SUGGESTION.findall(message)))
                assert suggested - words_of("Did you mean or the enum value") <= known


def test_support_sees_masked_what_tells_who_somebody_is() -> None:
    masked = {role: {f"{model.name}.{field.name}" for model, field in masked_fields(role)} for role in Role}
    assert masked.pop(Role.SUPPORT) == {"Customer.cnpj", "Customer.email", "Customer.phone"}
    assert not any(masked.values())


def test_a_masked_field_is_compared_with_nothing() -> None:
    schema = schema_of(Role.SUPPORT)
    for model, field in masked_fields(Role.SUPPORT):
        absent = comparisons_of_field(model, field, "q" * len(field.name), "Q" * len(field.constant))
        for document, other in zip(comparisons_of_field(model, field, field.name, field.constant), absent, strict=True):
            assert len(messages(schema, document)) == len(messages(schema, other)) > 0, document


@pytest.mark.parametrize("role", NARROWED)
def test_a_hidden_link_does_not_exist(role: Role) -> None:
    schema = schema_of(role)
    for model, name in hidden_links(role):
        link = GRAPH[model.name].links[name]
        inner = "{ totalCount }" if link.many else "{ id }"
        where = "{some: {}}" if link.many else "{}"
        documents = [f"{{ {model.plural}Aggregate(where: {{{name}: {where}}}) {{ count }} }}"]
        if model.readable:
            documents.append(f"{{ {model.plural} {{ nodes {{ {name} {inner} }} }} }}")
        if not link.many:
            documents.append(f"{{ {model.plural}Aggregate(groupBy: {{{name}: {{field: ID}}}}) {{ count }} }}")
            documents.append(f"{{ {model.plural}Aggregate {{ key {{ {name} {{ id }} }} }} }}")
        assert all(messages(schema, document) for document in documents)


@pytest.mark.parametrize("role", NARROWED)
def test_names_of_hidden_entities_are_nowhere(role: Role) -> None:
    schema = schema_of(role)
    assert schema.query_type
    # Descriptions are words for people; names are what is asked with.
    names = words_of(re.sub(r'"""(.|\n)*?"""', "", print_schema(schema)))
    seen = GRAPH.seen_by(ROLES[role])
    for model in GRAPH:
        if model.name not in seen.models:
            assert {model.name, model.plural, f"{model.name}Filter", f"{model.plural}Aggregate"}.isdisjoint(names)
        elif not seen[model.name].readable:
            assert {model.name, f"{model.name}Connection"}.isdisjoint(schema.type_map)
            assert {model.singular, model.plural}.isdisjoint(schema.query_type.fields)


@pytest.mark.parametrize("role", NARROWED)
async def test_introspection_tells_of_what_exists_for_the_role(ask: Asking, role: Role) -> None:
    told = await ask(get_introspection_query(), principal_of(role))
    listed = {type_["name"]: type_ for type_ in told.data["__schema"]["types"]}
    assert set(listed) == set(schema_of(role).type_map)
    for model, field in hidden_fields(role):
        for name in (model.name, f"{model.name}Filter", f"{model.name}GroupKey", f"{model.name}Sums"):
            parts = listed.get(name, {})
            assert field.name not in {part["name"] for part in (parts.get("fields") or parts.get("inputFields") or ())}
    hidden = {model.name for model in GRAPH} - set(GRAPH.seen_by(ROLES[role]).models)
    for name in hidden:
        answer = await ask(f'{{ __type(name: "{name}") {{ name }} }}', principal_of(role))
        assert answer.data == {"__type": None}
        assert f'"{name}"' not in json.dumps(told.data)


async def test_introspection_shows_defaults(ask: Asking) -> None:
    told = await ask('{ __type(name: "OrderOrderBy") { inputFields { name defaultValue } } }')
    assert told.data["__type"]["inputFields"] == [
        {"name": "field", "defaultValue": None},
        {"name": "direction", "defaultValue": "ASC"},
    ]


@pytest.mark.parametrize(
    ("role", "document", "message"),
    [
        (Role.SUPPORT, "{ orders { totalCount } }", "Cannot query field 'orders' on type 'Query'."),
        (
            Role.SUPPORT,
            "{ customers { nodes { cnpjj } } }",
            "Cannot query field 'cnpjj' on type 'Customer'.",
        ),
        (
            Role.SALES,
            "{ customers { nodes { cnpjj } } }",
            "Cannot query field 'cnpjj' on type 'Customer'. Did you mean 'cnpj'?",
        ),
        (Role.ANALYST, "{ customers { totalCount } }", "Cannot query field 'customers' on type 'Query'."),
    ],
)
async def test_suggestions_name_what_the_role_sees(ask: Asking, role: Role, document: str, message: str) -> None:
    told = await ask(document, principal_of(role))
    assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
    said = told.errors[0]["message"]
    assert said.startswith(message)
    assert words_of(said.partition("Did you mean")[2]) - {"or"} <= words_of(print_schema(schema_of(role)))


@pytest.mark.parametrize("role", NARROWED)
async def test_ids_of_what_can_not_be_read_are_no_ids(ask: Asking, role: Role) -> None:
    seen = GRAPH.seen_by(ROLES[role])
    for model in GRAPH:
        readable = model.name in seen.models and seen[model.name].readable
        told = await ask(f'{{ node(id: "{global_id(model.name, 999_999)}") {{ id }} }}', principal_of(role))
        if readable:
            assert told.data == {"node": None}
        else:
            assert told.refusal == "BAD_USER_INPUT"
            assert told.errors[0]["message"].startswith("This is not an id: pass one")
