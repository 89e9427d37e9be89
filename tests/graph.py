"""An engine over the sample, as it is served: with the role that may only read."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from app.embedded import Stack
from resolvers.cursors import Cursors
from resolvers.database import Database
from resolvers.engine import Answer, Engine, Operation
from resolvers.pages import Limits
from resolvers.quality import QualityResults
from resolvers.schemas import Schemas
from security.limits import DocumentLimits
from security.principal import Principal
from tests.databases import at_database, database_name
from tests.model.viewers import ADMIN
from tests.model.world import GRAPH
from tests.sample import new_sample

PAGE_SIZE = 20
MAX_PAGE_SIZE = 200
LIMITS = Limits(PAGE_SIZE, MAX_PAGE_SIZE)
UNLIMITED = DocumentLimits(**{one.name: 10**9 for one in fields(DocumentLimits)} | {"digits": 5_000})
"""For tests of what lies behind the limits of documents, and must hold by itself."""
CURSORS = Cursors(b"a secret of the tests")


@dataclass(frozen=True)
class Told:
    """What an operation came to: the answer, its JSON, and the statements that it took."""

    answer: Answer
    statements: list[str]
    response: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "response", json.loads(self.answer.body))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def data(self) -> Any:
        """The data of an operation that went well; an assertion for one that did not."""
        assert "errors" not in self.response, self.response["errors"]
        assert (self.answer.executed, self.status) == (True, 200)
        return self.response["data"]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The errors, of which there must be some."""
        errors: list[dict[str, Any]] = self.response["errors"]
        assert errors
        return errors

    @property
    def refusal(self) -> str:
        """The code of an operation that was refused whole."""
        assert "data" not in self.response, self.response
        assert not self.answer.executed
        [code] = {error["extensions"]["code"] for error in self.errors}
        return str(code)


@dataclass(frozen=True)
class Asking:
    """Asks an engine, and counts its statements."""

    engine: Engine
    statements: list[str]

    async def __call__(
        self,
        document: str,
        principal: Principal = ADMIN.principal,
        variables: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Told:
        """Execute an operation; only one at a time, for its statements to be its own."""
        self.statements.clear()
        answer = await self.engine.execute(Operation(document, name, variables), principal)
        return Told(answer, list(self.statements))


PATIENCE = 120
"""Seconds for operations whose answers are compared: that a busy machine takes long for them is no difference."""


def serving_url(stack: Stack, owner_url: str) -> str:
    """Return the URL under which a database is served: that of the role that may only read."""
    return at_database(stack.endpoints.database_url, database_name(owner_url))


@contextmanager
def altered_sample(stack: Stack, template: str, text: str, values: Sequence[Any] | None = None) -> Iterator[str]:
    """Make a sample of its own, run statements on it as its owner, and give the URL under which it is served."""
    with new_sample(stack, template) as owner_url:
        with psycopg.connect(owner_url) as connection:
            connection.execute(text.encode(), values)
        yield serving_url(stack, owner_url)


@cache
def schemas_with(limits: Limits) -> Schemas:
    """Return the schemas of all engines with the same limits: building one takes a tenth of a second."""
    return Schemas(GRAPH, limits)


def new_engine(
    database: Database,
    *,
    limits: Limits = LIMITS,
    time_budget: float = 30.0,
    compiling: bool = False,
    quality: QualityResults | None = None,
) -> Engine:
    """Return an engine over a database, which takes documents of any size."""
    engine = Engine(
        database,
        GRAPH,
        limits=limits,
        cursors=CURSORS,
        time_budget=time_budget,
        compiling=compiling,
        document_limits=UNLIMITED,
        quality=quality,
    )
    engine._schemas = schemas_with(limits)
    return engine


@pytest.fixture(scope="session")
def sample_database(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The owner's URL of a database with the sample; nobody writes to it."""
    with new_sample(stack, migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def unguarded_database(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The owner's URL of a database with the sample and without policies."""
    with new_sample(stack, migrated_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            for model in GRAPH:
                table = sql.Identifier(model.table.name)
                connection.execute(sql.SQL("alter table {} disable row level security").format(table))
        yield url


@pytest_asyncio.fixture(scope="session", params=["reference", "compiled"])
async def ask(stack: Stack, sample_database: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    """Asks an engine over the sample, once on each of its paths."""
    async with asking(serving_url(stack, sample_database), compiling=request.param == "compiled") as ask:
        yield ask


@pytest_asyncio.fixture(scope="session")
async def ask_reference(stack: Stack, sample_database: str) -> AsyncIterator[Asking]:
    """Asks an engine over the sample on the reference path."""
    async with asking(serving_url(stack, sample_database), compiling=False) as ask:
        yield ask


@pytest_asyncio.fixture(scope="session")
async def ask_compiled(stack: Stack, sample_database: str) -> AsyncIterator[Asking]:
    """Asks an engine over the sample on the compiled path, where it can."""
    async with asking(serving_url(stack, sample_database), compiling=True) as ask:
        yield ask


@pytest_asyncio.fixture(scope="session", params=["reference", "compiled"])
async def ask_unguarded(stack: Stack, unguarded_database: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    """Asks an engine over the sample where nothing but the gateway's own predicates hides rows, on each path."""
    async with asking(serving_url(stack, unguarded_database), compiling=request.param == "compiled") as ask:
        yield ask


@asynccontextmanager
async def asking(url: str, *, compiling: bool, quality: QualityResults | None = None) -> AsyncIterator[Asking]:
    """Open a database and ask an engine over it."""
    statements: list[str] = []
    database = await Database.open(url, observe=statements.append, statement_timeout_ms=PATIENCE * 1000)
    try:
        yield Asking(new_engine(database, time_budget=PATIENCE, compiling=compiling, quality=quality), statements)
    finally:
        await database.close()
