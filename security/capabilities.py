"""Capabilities: what a principal may do, and how far it reaches.

A capability is `area:verb` (`orders:read`), or the same with a reach (`orders:read:own`): the reach narrows the
capability to the rows that a row rule grants it. A capability without a reach holds for every row.
"""

from collections.abc import Iterable, Iterator
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
        return self.has(capability) or any(
            f"{capability}:{reach}" in self.granted for reach in Reach if reach is not Reach.AGGREGATE
        )

    def aggregates(self, capability: str) -> bool:
        """Tell whether rows may be counted and summed up under the capability."""
        return self.reaches(capability) or f"{capability}:{Reach.AGGREGATE}" in self.granted

    def narrowed(self, scopes: Iterable[str]) -> "Capabilities":
        """Return what the scopes leave of the set; a scope never adds."""
        kept = (meet(capability, scope) for scope in scopes for capability in self.granted)
        return Capabilities.of(capability for capability in kept if capability is not None)

    @cached_property
    def fingerprint(self) -> str:
        """The set as one string, the same for equal sets."""
        return " ".join(sorted(self.granted))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.granted))
