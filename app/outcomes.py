"""What became of an operation, in a word of which there are few."""

import orjson

from resolvers.answers import Answer
from security.errors import ErrorCode

ANSWERED = "ANSWERED"
ANSWERED_IN_PART = "ANSWERED_IN_PART"
CANCELLED = "CANCELLED"
"""Nobody is left to answer: the client went away, or the gateway stops."""
BAD_USER_INPUT = ErrorCode.BAD_USER_INPUT.value


def outcome_of(answer: Answer) -> str:
    """Return `ANSWERED`, `ANSWERED_IN_PART` where fields failed, or the code of what refused the operation."""
    if answer.executed:
        return ANSWERED_IN_PART if answer.body.startswith(b'{"errors"') else ANSWERED
    code: str = orjson.loads(answer.body)["errors"][0]["extensions"]["code"]
    return code
