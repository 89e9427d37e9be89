"""What was found out about one part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Facts = Mapping[str, str | int | bool | None]


class Health(StrEnum):
    """Whether a part would do its work."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One part. `text` is for people, `facts` are for programs; neither ever holds a secret."""

    part: str
    health: Health
    text: str
    advice: str = ""
    facts: Facts = field(default_factory=dict)


def problem(part: str, fault: Exception | str, advice: str = "") -> Finding:
    """Return the finding of a fault; the message of a `StartError` says itself what to do."""
    return Finding(part, Health.PROBLEM, str(fault), advice)
