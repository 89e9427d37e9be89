"""Declares the entities, makes their tables, serves them and prints what came of it, as JSON."""

import asyncio
import json
import sys
from typing import Any

import psycopg

from app.explanation import explanation, printed_schema
from resolvers.cursors import Cursors
from resolvers.database import Database
from resolvers.engine import Engine, Operation
from resolvers.pages import Limits
from schema.ddl import table_ddl
from schema.entities import ENTITIES
from schema.model import Graph, describe
from schema.policies import policy_statements
from security.principal import Principal
from security.roles import ROLES, Role
from tests.schema.recipe.batch import Batch, Recall

LIMITS = Limits(page_size=2, max_page_size=100, least_group=3)
ROWS = """
insert into batches (product_id, warehouse_id, code, made_on, expires_on, packages, unit_cost, inspector, certificate,
                     is_cold, state, arrived_at) values
    (1, 1, 'L1', '2025-01-31', '2027-01-31', 10, 1.50, 'Ana', '{"ok": true}', true, 'free', '2025-02-01T02:59:59Z'),
    (1, 2, 'L2', '2025-02-01', '2027-01-31', 20, 2.50, null, null, false, 'blocked', '2025-02-01T03:00:00Z'),
    (2, 1, 'L3', '2025-02-01', null, 30, null, null, '[]', false, 'free', '2025-03-01T12:00:00Z');
insert into recalls (batch_id, region, reason) values (1, 'Sul', 'label'), (1, 'Norte', 'label'), (2, 'Sul', 'dose');
"""
OPERATIONS = {
    "types": """{ batches(orderBy: {field: CODE}, first: 100) { nodes { id databaseId code madeOn expiresOn packages
        certificate isCold state arrivedAt product { databaseId } warehouse { databaseId }
        recalls(orderBy: {field: REASON}) { totalCount nodes { region reason batch { code } } } } } }""",
    "unit costs": "{ batches(first: 100) { nodes { code unitCost } } }",
    "inspectors": "{ batches(first: 100) { nodes { code inspector } } }",
    "page": """{ batches(orderBy: [{field: EXPIRES_ON, direction: DESC}, {field: MADE_ON}]) {
        totalCount edges { cursor node { code } } pageInfo { hasNextPage endCursor } } }""",
    "next page": """query($after: String) { batches(
        orderBy: [{field: EXPIRES_ON, direction: DESC}, {field: MADE_ON}], after: $after) { nodes { code } } }""",
    "filters": """{ batches(where: {
        or: [{expiresOn: {isNull: true}}, {madeOn: {lt: "2025-02-01"}, state: {eq: FREE}}]
        recalls: {none: {reason: {eq: "dose"}}}, product: {databaseId: {in: ["1", "2"]}}
    }) { nodes { code } } }""",
    "groups": """{ batchesAggregate(groupBy: [{field: MADE_ON, by: MONTH}, {warehouse: {field: ID}}]) {
        key { madeOn warehouse { id } } count sum { packages } avg { packages } min { expiresOn } max { madeOn } } }""",
    "counts": "{ batchesAggregate { count } recallsAggregate { count } }",
    "by id": '{ batch(id: "QmF0Y2g6Mg==") { code } node(id: "QmF0Y2g6Mg==") { id } }',
}


def principals() -> dict[str, Principal]:
    """Return somebody of each role, with all of its scopes, and operations of one warehouse."""
    of_roles = {
        role.value: Principal(role, frozenset({role}), frozenset(ROLES[role]), customer_id=14, regions=("Sul",))
        for role in Role
    }
    return of_roles | {"warehouse 1": Principal("operations", frozenset({Role.OPERATIONS}), warehouse_ids=(1,))}


async def answers(url: str, graph: Graph, *, compiling: bool) -> dict[str, dict[str, Any]]:
    """Return what each operation comes to for each principal."""
    database = await Database.open(url)
    engine = Engine(database, graph, limits=LIMITS, cursors=Cursors(b"recipe"), compiling=compiling)
    found: dict[str, dict[str, Any]] = {}
    for who, principal in principals().items():
        found[who] = {}
        for name, document in OPERATIONS.items():
            page = found[who].get("page", {}).get("data") if name == "next page" else None
            variables = {"after": page["batches"]["pageInfo"]["endCursor"]} if page else None
            answer = await engine.execute(Operation(document, None, variables), principal)
            found[who][name] = json.loads(answer.body)
    await database.close()
    return found


def main(owner_url: str, serving_url: str) -> None:
    """Add the entities to a migrated database and tell what is derived from them."""
    graph = describe((*ENTITIES, Batch, Recall))
    with psycopg.connect(owner_url) as connection:
        for entity in (Batch, Recall):
            connection.execute(table_ddl(entity).encode())
            connection.execute(f"grant select on {entity.__tablename__} to gateway".encode())
        for statement in policy_statements(graph, "gateway"):
            connection.execute(statement.encode())
        connection.execute(ROWS.encode())
    told = {
        "explanation": explanation(Batch, graph, LIMITS),
        "sdl": {role.value: printed_schema(graph.seen_by(ROLES[role]), LIMITS) for role in Role},
        "reference": asyncio.run(answers(serving_url, graph, compiling=False)),
        "compiled": asyncio.run(answers(serving_url, graph, compiling=True)),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
