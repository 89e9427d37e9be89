"""The field by which those who look after access see what somebody is told, and which rule decides."""

from strawberry.types.field import StrawberryField

from schema.derive.objects import FREE
from schema.derive.types import Types
from schema.directives import Cost, RequiresScopes
from schema.model import EXPLAIN
from schema.resolution import Resolvers
from security.trail import Decider, Outcome


def explain_access_field(types: Types, resolvers: Resolvers) -> StrawberryField:
    """Add the types of explanations, and return the root field that gives one."""
    types.add_enum("AccessOutcome", "What somebody is told.", {one.name: (one.name, one.value) for one in Outcome})
    types.add_enum("AccessDecider", "What decides about access.", {one.name: (one.name, one.value) for one in Decider})
    types.add_object(
        "AccessStep",
        "One decision on the way to what somebody is told.",
        [
            types.output("by", "AccessDecider", "What decides."),
            types.output("rule", "str", "What it says."),
            types.output("holds", "bool", "Whether access goes on after it."),
        ],
        directives=[FREE],
    )
    types.add_object(
        "AccessExplanation",
        "What somebody is told of a part of the graph, and why.",
        [
            types.output("coordinate", "str", "The part of the graph."),
            types.output("outcome", "AccessOutcome", "What they are told."),
            types.output("reason", "str", "The same in words."),
            types.output("isComparable", "bool", "Whether they may choose, order or group rows by it."),
            types.output("capabilities", "list[str]", "The capabilities that they have."),
            types.output("steps", "list[AccessStep]", "What decided, in the order in which it did."),
        ],
        directives=[FREE],
    )
    return types.resolved(
        "explainAccess",
        "AccessExplanation",
        "What somebody would be told of a type or field, and which rule decides.",
        resolvers.explain_access(),
        arguments=[
            types.argument("coordinate", "str", "A type, `Order`, or a field of it, `Order.total`."),
            types.argument("id", "ID | None", "Global id of a row of the type."),
            types.argument(
                "claims",
                "JSON",
                "The claims of somebody's token without those of the token itself: "
                '`{roles: ["sales"], regions: ["Sul"]}`.',
                graphql_name="as",
            ),
            types.argument(
                "restricted",
                "bool | None",
                "Whether to explain it as while it can't be known which tokens were revoked.",
            ),
        ],
        directives=[RequiresScopes(scopes=[[EXPLAIN]]), Cost(weight="10")],
    )
