"""What one operation has while it runs: its view of the graph, its snapshot of the data and its loaders."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import orjson
from aiodataloader import DataLoader

from resolvers.cursors import Cursors
from resolvers.database import Snapshot
from resolvers.pages import Limits
from resolvers.sql.scope import Scope
from resolvers.sql.where import Filters

Loader = TypeVar("Loader", bound="DataLoader[Any, Any]")


@dataclass
class Running:
    """An operation that is being executed; lives as long as it, and is shared with no other."""

    scope: Scope
    totals: Scope
    snapshot: Snapshot
    limits: Limits
    cursors: Cursors
    _loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)

    @property
    def filters(self) -> Filters:
        """Compile filters on rows that are read."""
        return Filters(self.scope, self.limits.max_page_size)

    @property
    def filters_of_totals(self) -> Filters:
        """Compile filters on rows that are counted."""
        return Filters(self.totals, self.limits.max_page_size)

    def loader(self, key: Hashable, make: Callable[[], Loader]) -> Loader:
        """Return the operation's loader for a key, made at its first use."""
        if key not in self._loaders:
            self._loaders[key] = make()
        return cast("Loader", self._loaders[key])


def fingerprint(arguments: Any) -> str:
    """Return arguments as a text, the same for equal arguments."""
    return orjson.dumps(arguments, default=str, option=orjson.OPT_SORT_KEYS).decode()
