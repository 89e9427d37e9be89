"""What the gateway itself sends to the database for the requests of the benchmark."""

import json
from collections.abc import Sequence
from typing import Any

from bench.workloads import GATEWAY, WORKLOADS
from resolvers.cursors import Cursors
from resolvers.database import Database, Planning, Texts
from resolvers.engine import Engine, Operation
from resolvers.pages import Limits
from schema.entities import ENTITIES
from schema.model import describe
from security.principal import Principal
from security.roles import Role

Sent = tuple[str, Sequence[Any]]


class _Noting(Database):
    """A database that notes what is sent to it."""

    sent: dict[str, Sent]
    asking = ""

    async def fetch(
        self, principal: Principal, planning: Planning, sql: str, arguments: Sequence[Any]
    ) -> Sequence[Texts]:
        self.sent[self.asking] = (sql, arguments)
        return await super().fetch(principal, planning, sql, arguments)


async def own_statements(url: str) -> dict[str, Sent]:
    """Return the statements by workload, of those that are compiled."""
    database = await _Noting.open(url)
    try:
        engine = Engine(database, describe(ENTITIES), limits=Limits(50, 1000), cursors=Cursors(b"of no use later"))
        principal = Principal("bench", frozenset({Role.ADMIN}))
        database.sent = {}
        for workload in WORKLOADS:
            asked = json.loads(GATEWAY.requests(workload.key).bodies[0])
            database.asking = workload.key
            await engine.execute(Operation(asked["query"], variables=asked["variables"]), principal)
        return database.sent
    finally:
        await database.close()
