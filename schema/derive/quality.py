"""The fields by which those who answer for the warehouse see what its checks found."""

from typing import Final

from strawberry.types.field import StrawberryField

from schema.derive.objects import FREE
from schema.derive.types import Types
from schema.directives import Cost, RequiresScopes
from schema.model import QUALITY
from schema.resolution import Resolvers

HISTORY_SIZE: Final = 30
"""Results of a check that are told where nobody says how many."""

_SEVERITIES: Final = {
    "FAIL": "A fault of the pipeline, or data that nobody may build on.",
    "WARN": "Worth a look, and no fault.",
}
_STATUSES: Final = {
    "PASS": "Something was looked at, and no more was wrong with it than is tolerated.",
    "WARN": "Found something that is odd and no fault.",
    "FAIL": "Found a fault.",
    "EMPTY": "There was nothing to look at, which is no success.",
    "ERROR": "The check could not look; the detail says why.",
}
# A check's results are read from the warehouse, which has other means than the database.
_READ: Final = (RequiresScopes(scopes=[[QUALITY]]), Cost(weight="10"))


def quality_fields(types: Types, resolvers: Resolvers) -> list[StrawberryField]:
    """Add the types of results of checks, and return the root fields that give them."""
    _add_types(types)
    return [
        types.resolved(
            "qualityChecks",
            "list[QualityResult]",
            "What each check of the warehouse found last, by name; without those that did not run for 30 days.",
            resolvers.quality_checks(),
            directives=_READ,
        ),
        types.resolved(
            "qualityHistory",
            "list[QualityResult]",
            "What one check of the warehouse found, the newest first.",
            resolvers.quality_history(),
            arguments=[
                types.argument("name", "str", "The check's name: `not null raw.orders.total`."),
                types.argument("first", "int | None", f"How many results; {HISTORY_SIZE} if left out."),
            ],
            directives=_READ,
        ),
    ]


def _add_types(types: Types) -> None:
    for name, description, words in (
        ("QualitySeverity", "What it means when a check finds something.", _SEVERITIES),
        ("QualityStatus", "How a check ended.", _STATUSES),
    ):
        types.add_enum(name, description, {word: (word, text) for word, text in words.items()})
    types.add_object(
        "QualityResult",
        "What a check of the warehouse found at a time; it quotes no value of a row.",
        [
            types.output("name", "str", "What the check is called."),
            types.output("kind", "str", "What it is about: `not null`, `range`, `freshness`."),
            types.output("table", "str", "The table that is checked, with its layer; of tests of models, the test."),
            types.output("column", "str | None", "What of the table is checked; null for all of it."),
            types.output("severity", "QualitySeverity", "What it means when the check finds something."),
            types.output("status", "QualityStatus", "How it ended."),
            types.output("examined", "BigInt | None", "How many rows or values were looked at; null if none could be."),
            types.output("violations", "BigInt | None", "How many of them break the check; null if that is unknown."),
            types.output("tolerated", "BigInt", "Up to how many violations are no finding."),
            types.output("at", "datetime", "When it was checked."),
            types.output("detail", "str | None", "What there is to say of it."),
        ],
        directives=[FREE],
    )
