"""What a client is told of costs: in `extensions.cost` of a response."""

from enum import Enum
from typing import Any

import orjson

from resolvers.answers import Answer
from resolvers.costs.bill import Bill


class Costing(Enum):
    """Whether the cost of an operation is told: not at all, with the data, or instead of running it."""

    SILENT = "silent"
    TOLD = "report"
    ONLY = "validate"


def only_costed(bill: Bill) -> Answer:
    """Return the answer to an operation that is not to run."""
    # GraphQL over HTTP wants `data` in a response without errors: null, because nothing ran.
    body = orjson.dumps({"data": None, "extensions": {"cost": cost_told(bill)}})
    return Answer(body, executed=True, status=200)


def cost_told(bill: Bill) -> dict[str, Any]:
    """Return the cost as clients read it."""
    cost: dict[str, Any] = {"requestedQueryCost": bill.requested, "actualQueryCost": bill.actual}
    standing = bill.standing()
    return cost if standing is None else cost | {"throttleStatus": standing.throttle_status()}
