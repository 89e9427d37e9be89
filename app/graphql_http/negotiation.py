"""Content negotiation: which of the two media types of GraphQL responses, or the explorer's page, a client wants."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from app.graphql_http.errors import NotAcceptable


class MediaType(Enum):
    """What an answer can be sent as."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    HTML = "text/html"


_EXACT: Final = 2
_LONGEST: Final = 1_024
"""Characters of an Accept header that are read, which is before anybody is known; browsers send some hundred."""


@dataclass(frozen=True)
class _Range:
    """A media range of an Accept header with its weight (RFC 9110, 12.5.1)."""

    type: str
    subtype: str
    weight: float

    def specificity(self, media_type: MediaType) -> int | None:
        """Return how exactly the range means the type: 2 by name, 1 by its first half, 0 as `*/*`; None if not."""
        main, _, sub = media_type.value.partition("/")
        if self.subtype == "*":
            return {main: 1, "*": 0}.get(self.type)
        return _EXACT if (self.type, self.subtype) == (main, sub) else None


@lru_cache(maxsize=64)
def response_type(accept: str | None) -> MediaType:
    """Return the type to answer with; without an Accept header `application/json`, as clients of old expect."""
    if accept is None or not accept.strip():
        return MediaType.JSON
    ranges = _ranges(accept)
    weighed = [(*_weight(ranges, media_type), media_type) for media_type in (MediaType.GRAPHQL, MediaType.JSON)]
    offers = [offer for offer in weighed if offer[0] > 0]
    if not offers:
        raise NotAcceptable("Accept application/graphql-response+json or application/json: there is nothing else here.")
    return max(offers, key=_rank)[2]


@lru_cache(maxsize=64)
def prefers_page(accept: str | None) -> bool:
    """Tell whether a browser asks: it names text/html, and nothing of GraphQL's weighs as much."""
    ranges = _ranges(accept or "")
    weight, specificity = _weight(ranges, MediaType.HTML)
    others = (_weight(ranges, media_type)[0] for media_type in (MediaType.GRAPHQL, MediaType.JSON))
    return specificity == _EXACT and weight > max(others)


def _rank(offer: tuple[float, int, MediaType]) -> tuple[float, int, bool]:
    """Order offers: of two that are named, GraphQL's own type first; who takes anything gets what all understand."""
    weight, specificity, media_type = offer
    return weight, specificity, (media_type is MediaType.GRAPHQL) == (specificity == _EXACT)


def _weight(ranges: list[_Range], media_type: MediaType) -> tuple[float, int]:
    """Return the weight of the most specific range that means the type, and how specific that one is."""
    matching = [
        (specificity, item.weight) for item in ranges if (specificity := item.specificity(media_type)) is not None
    ]
    specificity, weight = max(matching, default=(-1, 0.0))
    return weight, specificity


def _ranges(accept: str) -> list[_Range]:
    return [item for part in accept[:_LONGEST].lower().split(",") if (item := _range(part)) is not None]


def _range(part: str) -> _Range | None:
    name, *parameters = (piece.strip() for piece in part.split(";"))
    main, slash, sub = name.partition("/")
    if not slash or (main == "*" and sub != "*"):
        return None
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        match key.strip():
            case "q":
                weight = _quality(value.strip())
            case "charset" if value.strip().strip('"') not in {"utf-8", "utf8"}:
                return None
    return _Range(main, sub, weight)


def _quality(text: str) -> float:
    """Return a weight from 0 to 1; what is no number weighs nothing."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
