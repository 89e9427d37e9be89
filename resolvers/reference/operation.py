"""What one operation has while it runs: its view of the graph, its snapshot of the data and its loaders."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson
from aiodataloader import DataLoader

from resolvers.costs.bill import Bill
from resolvers.cursors import Cursors
from resolvers.database import Snapshot
from resolvers.pages import Limits
from resolvers.quality import QualityResults
from resolvers.sql.scope import Scope
from resolvers.sql.where import Filters
from schema.model import Model

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass
class Running:
    """An operation that is being executed; lives as long as it, and is shared with no other."""

    scope: Scope
    totals: Scope
    snapshot: Snapshot
    limits: Limits
    cursors: Cursors
    bill: Bill
    quality: QualityResults
    subjects: dict[str, None] = field(default_factory=dict)
    """The rows read of entities with personal data, as `Customer:14`; more than what the response shows of them."""

    _loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def filters(self) -> Filters:
        """Compile filters on rows that are read."""
        return Filters(self.scope, self.limits.max_page_size)

    def note(self, model: Model, rows: Iterable[Mapping[str, Any]]) -> None:
        """Note that rows were read, where that may tell personal data."""
        if any(of.pii for of in model.fields.values()):
            self.subjects |= {f"{model.name}:{row['databaseId']}": None for row in rows}

    async def load(self, name: Hashable, make: Callable[[], DataLoader[Key, Value]], key: Key) -> Value:
        """Return what the operation's loader of a name, made at its first use, has for a key."""
        if name not in self._loaders:
            self._loaders[name] = make()
        # Fields wait for the same future: one that is cancelled, because a field beside it failed, must not cancel it.
        value: Value = await asyncio.shield(self._loaders[name].load(key))
        return value


def fingerprint(arguments: Any) -> str:
    """Return arguments as a text, the same for equal arguments."""
    return orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS).decode()
