"""The schemas that are in use: one for each set of capabilities."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from graphql import GraphQLSchema

from resolvers.pages import Limits
from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from schema.model import Graph
from security.capabilities import Capabilities

_MOST = 24
"""Schemas that are kept, of some 4 MB each. Sets of capabilities are few; scopes can make more of them."""


@dataclass(frozen=True)
class SeenSchema:
    """What exists for a set of capabilities, and its GraphQL schema."""

    graph: Graph
    schema: GraphQLSchema


class Schemas:
    """Builds each schema once and keeps those used last."""

    def __init__(
        self, everything: Graph, limits: Limits, on_forgotten: Callable[[Capabilities], None] = lambda _: None
    ) -> None:
        """Keep schemas; `on_forgotten` is told whose is kept no more, for nothing else to hold it."""
        self.everything = everything
        self._limits = limits
        self._on_forgotten = on_forgotten
        self._kept: OrderedDict[Capabilities, asyncio.Future[SeenSchema]] = OrderedDict()

    def kept(self, capabilities: Capabilities) -> SeenSchema | None:
        """Return the schema of what a set of capabilities sees, where it is built already."""
        built = self._kept.get(capabilities)
        if built is None or not built.done() or built.exception():
            return None
        self._kept.move_to_end(capabilities)
        return built.result()

    @property
    def size(self) -> int:
        """How many schemas are kept."""
        return len(self._kept)

    async def seen_by(self, capabilities: Capabilities) -> SeenSchema:
        """Return the schema of what a set of capabilities sees."""
        if capabilities not in self._kept:
            # In a thread, because it takes a tenth of a second; in a future, so that it is built once.
            building = asyncio.ensure_future(asyncio.to_thread(self._build, capabilities))
            self._keep(capabilities, building)
        self._kept.move_to_end(capabilities)
        built = self._kept[capabilities]
        try:
            seen = await asyncio.shield(built)
        except Exception:
            # A fault is of one attempt.
            self._kept.pop(capabilities, None)
            raise
        if capabilities not in self._kept:
            # Forgotten meanwhile for those of others: what is made with it now would not be told when it goes.
            self._keep(capabilities, built)
        return seen

    def _keep(self, capabilities: Capabilities, built: asyncio.Future[SeenSchema]) -> None:
        self._kept[capabilities] = built
        if len(self._kept) > _MOST:
            forgotten, _ = self._kept.popitem(last=False)
            self._on_forgotten(forgotten)

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
