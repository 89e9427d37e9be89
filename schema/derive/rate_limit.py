"""The field by which a caller sees how much of its budget is left."""

from strawberry.types.field import StrawberryField

from schema.derive.objects import FREE
from schema.derive.types import Types
from schema.resolution import Resolvers


def rate_limit_field(types: Types, resolvers: Resolvers) -> StrawberryField:
    """Add the type of budgets, and return the root field that gives the caller's."""
    types.add_object(
        "RateLimit",
        "How the caller's budget stands. A row costs 1; an operation is paid in advance, and what it did not find is"
        " given back.",
        [
            types.output("limit", "int", "What there is at the most."),
            types.output("cost", "int", "What this operation was asked to cost."),
            types.output("remaining", "int", "What is left after it."),
            types.output("resetAt", "datetime", "When nothing will be missing, if nothing more is spent."),
        ],
        directives=[FREE],
    )
    return types.resolved(
        "rateLimit",
        "RateLimit | None",
        "How the caller's budget stands; null where there is none.",
        resolvers.rate_limit(),
    )
