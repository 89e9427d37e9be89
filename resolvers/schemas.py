"""The schemas that are in use: one for each set of capabilities."""

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from graphql import GraphQLSchema

from resolvers.pages import Limits
from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from schema.model import Graph
from security.capabilities import Capabilities

_MOST = 24
"""Schemas that are kept, of some 4 MB each. Sets of capabilities are few; scopes can make more of them."""


@dataclass(frozen=True, eq=False)
class SeenSchema:
    """What exists for a set of capabilities, and its GraphQL schema; one for all that sees the same."""

    graph: Graph
    schema: GraphQLSchema


class _Kept:
    """A schema that is being built or was built, and how lately it was asked for."""

    __slots__ = ("building", "seen", "used")

    def __init__(self, building: asyncio.Future[SeenSchema]) -> None:
        self.building = building
        self.seen: SeenSchema | None = None
        self.used = 0


class Schemas:
    """Builds each schema once and keeps those used last."""

    def __init__(
        self, everything: Graph, limits: Limits, on_forgotten: Callable[[SeenSchema], None] = lambda _: None
    ) -> None:
        """Keep schemas; `on_forgotten` is told which is kept no more, for nothing else to hold it."""
        self.everything = everything
        self._limits = limits
        self._on_forgotten = on_forgotten
        self._kept: dict[Capabilities, _Kept] = {}
        self._uses = itertools.count()
        # One thread: several that compute keep everybody else waiting for their turn, and are done no sooner.
        self._builder = ThreadPoolExecutor(max_workers=1)

    def kept(self, capabilities: Capabilities) -> SeenSchema | None:
        """Return the schema of what a set of capabilities sees, where it is built already."""
        found = self._kept.get(capabilities)
        if found is None:
            return None
        found.used = next(self._uses)
        return found.seen

    @property
    def size(self) -> int:
        """How many schemas are kept."""
        return len(self._kept)

    async def seen_by(self, capabilities: Capabilities) -> SeenSchema:
        """Return the schema of what a set of capabilities sees."""
        seen = self.kept(capabilities)
        if seen is not None:
            return seen
        if capabilities not in self._kept:
            # In a thread, because it takes a tenth of a second; in a future, so that it is built once.
            building = asyncio.get_running_loop().run_in_executor(self._builder, self._build, capabilities)
            self._keep(capabilities, _Kept(building))
        kept = self._kept[capabilities]
        try:
            kept.seen = await asyncio.shield(kept.building)
        except Exception:
            # A fault is of one attempt.
            self._kept.pop(capabilities, None)
            raise
        if capabilities not in self._kept:
            # Forgotten meanwhile for those of others: what is made with it now would not be told when it goes.
            self._keep(capabilities, kept)
        # Where it was forgotten and is being built again, that one is it.
        return kept.seen if self._kept[capabilities] is kept else await self.seen_by(capabilities)

    def _keep(self, capabilities: Capabilities, kept: _Kept) -> None:
        kept.used = next(self._uses)
        self._kept[capabilities] = kept
        if len(self._kept) > _MOST:
            oldest = min(self._kept, key=lambda one: self._kept[one].used)
            forgotten = self._kept.pop(oldest)
            if forgotten.seen is not None:
                self._on_forgotten(forgotten.seen)

    def _build(self, capabilities: Capabilities) -> SeenSchema:
        graph = self.everything.seen_by(capabilities)
        schema = build(
            graph,
            ReferenceResolvers(),
            page_size=self._limits.page_size,
            max_page_size=self._limits.max_page_size,
            least_group=self._limits.least_group,
        )
        return SeenSchema(graph, schema._schema)  # noqa: SLF001  # Strawberry has no public name for it
