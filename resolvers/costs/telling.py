"""What a client is told of costs: in `extensions.cost` of a response."""

from dataclasses import replace
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
    body = orjson.dumps({"data": None, "extensions": {"cost": _told(bill)}})
    return Answer(body, executed=True, status=200)


def costed(answer: Answer, bill: Bill) -> Answer:
    """Return an answer that tells what the operation cost."""
    body = answer.body[:-1] + b',"extensions":' + orjson.dumps({"cost": _told(bill)}) + b"}"
    return replace(answer, body=body)


def _told(bill: Bill) -> dict[str, Any]:
    told: dict[str, Any] = {"requestedQueryCost": bill.requested, "actualQueryCost": bill.actual}
    standing = bill.standing()
    return told if standing is None else told | {"throttleStatus": standing.throttle_status()}
