"""What the schema needs from whoever answers its fields."""

from collections.abc import Callable
from typing import Any, Protocol

from schema.model import Link, Model

Resolve = Callable[..., Any]
"""Called as `resolve(source, info, **arguments)`; may return an awaitable.

`source` is the parent row. Inputs arrive as plain dictionaries with the graph's own names as keys, and only with
what the client gave.
"""


class Resolvers(Protocol):
    """One resolver for each kind of derived field.

    A row is a mapping from column keys to values, with the type's name under `__typename`; the fields that a function
    of this protocol answers with pages or groups are documented with the types of `schema.derive`.
    """

    def by_id(self, model: Model) -> Resolve:
        """Return the resolver of a row by its global id: argument `id`."""

    def connection(self, model: Model) -> Resolve:
        """Return the resolver of a page of all rows: `first`, `after`, `last`, `before`, `where`, `order_by`."""

    def aggregate(self, model: Model) -> Resolve:
        """Return the resolver of groups of rows: `where`, `group_by`, `order_by`, `first`."""

    def to_one(self, model: Model, link: Link) -> Resolve:
        """Return the resolver of the row that a link leads to."""

    def to_many(self, model: Model, link: Link) -> Resolve:
        """Return the resolver of a page of the rows that a link leads to, with the arguments of `connection`."""

    def group_node(self, model: Model) -> Resolve:
        """Return the resolver of the row whose key a group stands for."""

    def node(self) -> Resolve:
        """Return the resolver of a row of any type: argument `id`."""

    def nodes(self) -> Resolve:
        """Return the resolver of rows of any type: argument `ids`."""

    def explain_access(self) -> Resolve:
        """Return the resolver of why somebody is told something: `coordinate`, `claims`, `id`, `restricted`."""

    def quality_checks(self) -> Resolve:
        """Return the resolver of the last result of each check: mappings by the fields of `QualityResult`."""

    def quality_history(self) -> Resolve:
        """Return the resolver of one check's results, the newest first: `name`, `first`."""

    def rate_limit(self) -> Resolve:
        """Return the resolver of how the caller's budget stands: a mapping by the fields of `RateLimit`, or None."""
