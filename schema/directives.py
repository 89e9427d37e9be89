"""The directives by which the SDL shows the rules that the gateway applies."""

from enum import Enum

import strawberry
from strawberry.schema_directive import Location


@strawberry.enum(name="CacheControlScope", description="Whom a kept answer may be given to.")
class CacheScope(Enum):
    """Whom a kept answer may be given to."""

    PUBLIC = strawberry.enum_value("PUBLIC", description="Anybody.")
    PRIVATE = strawberry.enum_value("PRIVATE", description="Only the principal that it was given to.")


@strawberry.schema_directive(
    name="authenticated",
    locations=[Location.OBJECT],
    description="Nothing of the type is given to a caller without a valid token.",
)
class Authenticated:
    """The type needs a token."""


@strawberry.schema_directive(
    name="requiresScopes",
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="The capabilities that a caller needs: all those of one of the inner lists.",
)
class RequiresScopes:
    """The capabilities that the type or field needs, as an OR of ANDs."""

    scopes: list[list[str]]


@strawberry.schema_directive(
    name="masked",
    locations=[Location.FIELD_DEFINITION],
    description="What is shown of the field to a caller with the capabilities of one of the inner lists and no wider "
    "ones. Whoever sees it masked can't filter, order or group by it.",
)
class Masked:
    """To whom the field is shown in part, and which part."""

    scopes: list[list[str]]
    shows: str


@strawberry.schema_directive(
    name="smallestGroup",
    locations=[Location.FIELD_DEFINITION],
    description="How many pharmacies or rows a group has at the least that is told to a caller with the capabilities "
    "of one of the inner lists and no wider ones, who may count rows and not read them. Smaller groups are left out.",
)
class SmallestGroup:
    """Of how many together those are told who may count rows and not read them."""

    scopes: list[list[str]]
    size: int
    of: str


@strawberry.schema_directive(
    name="rowPolicy",
    locations=[Location.OBJECT],
    description="Which rows of the type a caller sees. A row outside looks like one that does not exist.",
)
class RowPolicy:
    """Which rows the viewer sees."""

    rule: str


@strawberry.schema_directive(
    name="writePolicy",
    locations=[Location.OBJECT],
    description="Which rows of the type a caller may write, as they were and as they become; none without it.",
)
class WritePolicy:
    """Which rows the viewer may write."""

    rule: str


@strawberry.schema_directive(
    name="cacheControl",
    locations=[Location.OBJECT],
    description="For how many seconds an answer with the type in it may be kept, and for whom.",
)
class CacheControl:
    """How long an answer may be kept."""

    max_age: int
    scope: CacheScope


@strawberry.schema_directive(
    name="listSize",
    locations=[Location.FIELD_DEFINITION],
    description="How many items a list is taken to have: as many as the slicing arguments ask for, else `assumedSize`.",
)
class ListSize:
    """How long a list is taken to be."""

    assumed_size: int
    slicing_arguments: list[str]
    sized_fields: list[str]
    require_one_slicing_argument: bool


@strawberry.schema_directive(
    name="cost",
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    description="What a value of the type costs (1 without it), or what the field costs besides the values it gives.",
)
class Cost:
    """What a type or a field costs."""

    weight: str
