"""Operations as they come."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from resolvers.costs.telling import Costing


class Operation(NamedTuple):
    """One GraphQL request as it came; `may_write` is False where HTTP forbids mutations.

    `costing` says whether the cost is to be told, with the data or instead of it; with `explaining` it is told how the
    operation was executed. `request` is the request's id, and `address` the network address that it came from.
    """

    document: str
    name: str | None = None
    variables: Mapping[str, Any] | None = None
    may_write: bool = True
    costing: Costing = Costing.SILENT
    request: str | None = None
    address: str | None = None
    explaining: bool = False

    @property
    def hash(self) -> str:
        """SHA-256 of the document."""
        return hashlib.sha256(self.document.encode("utf-8", "surrogatepass")).hexdigest()
