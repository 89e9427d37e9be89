"""Capabilities: what a principal may do, and how far it reaches.

A capability is `area:verb` (`orders:read`), or the same with a reach (`orders:read:own`): the reach narrows the
capability to the rows that a row rule grants it, to what is told of many rows together (`aggregate`), or to what a
mask leaves of a field (`masked`). A capability without a reach holds for every row.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Self


class Reach(StrEnum):
    """How far a narrowed capability goes; each word is used by one kind of row rule."""

    OWN = "own"
    TERRITORY = "territory"
    TIER = "tier"
    AGGREGATE = "aggregate"
    MASKED = "masked"


_REACHES_OF_ROWS = (Reach.OWN, Reach.TERRITORY, Reach.TIER)


def meet(one: str, other: str) -> str | None:
    """Return what two capabilities both allow: the narrower one, or None where neither contains the other."""
    if one == other or other.startswith(one + ":"):
        return other
    return one if one.startswith(other + ":") else None


@dataclass(frozen=True)
class Capabilities:
    """A set of capabilities; equal sets are one key of every cache of what was derived for them."""

    granted: frozenset[str]

    @classmethod
    def of(cls, capabilities: Iterable[str]) -> Self:
        """Return the set, without what a wider capability in it already contains."""
        every = frozenset(capabilities)
        return cls(frozenset(c for c in every if not any(c.startswith(wide + ":") for wide in every)))

    def has(self, capability: str) -> bool:
        """Tell whether the capability is granted in full."""
        return capability in self.granted

    def reaches(self, capability: str) -> bool:
        """Tell whether the capability is granted in full or for the rows of some rule."""
        return self.has(capability) or any(f"{capability}:{reach}" in self.granted for reach in _REACHES_OF_ROWS)

    def aggregates(self, capability: str) -> bool:
        """Tell whether rows may be counted and summed up under the capability."""
        return self.reaches(capability) or f"{capability}:{Reach.AGGREGATE}" in self.granted

    def masks(self, capability: str) -> bool:
        """Tell whether the capability is granted for what masks leave of fields."""
        return self.has(capability) or f"{capability}:{Reach.MASKED}" in self.granted

    def narrowed(self, scopes: Iterable[str]) -> "Capabilities":
        """Return what the scopes, or the capabilities of another set, leave of this one; they never add."""
        kept = (meet(capability, scope) for scope in scopes for capability in self.granted)
        return Capabilities.of(capability for capability in kept if capability is not None)

    def without(self, is_unwanted: Callable[[str], bool]) -> "Capabilities":
        """Return those capabilities of the set of which the predicate is false."""
        return Capabilities(frozenset(capability for capability in self.granted if not is_unwanted(capability)))

    @cached_property
    def fingerprint(self) -> str:
        """The set as one string, the same for equal sets."""
        return " ".join(sorted(self.granted))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.granted))
