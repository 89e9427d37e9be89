"""How large a document may be, in every direction in which it can grow."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class DocumentLimits:
    """The most of everything that a document may have.

    The first five are counted in the text, before it is parsed; the others in the tree, where a fragment counts at
    each place that spreads it. What a client writes by hand or a tool generates stays far below all of them: the
    introspection of GraphiQL, which is the deepest of the usual ones, has 15 levels and 160 fields.
    """

    characters: int = 65_536
    tokens: int = 2_500
    braces: int = 1_000
    # Levels of braces and brackets: of selections, input objects and lists together.
    nesting: int = 50
    # Every @ that stands outside of texts and comments.
    directives: int = 100
    depth: int = 15
    fields: int = 2_000
    aliases: int = 200
    roots: int = 50
    operations: int = 20
    fragments: int = 64
    inline_fragments: int = 200
    spreads: int = 1_000
    # Pairs of fields that stand for the same key: validation compares each with each.
    overlaps: int = 5_000
    items: int = 1_000
    digits: int = 50

    @cached_property
    def least_too_long(self) -> int:
        """The least number with more digits."""
        return int(10**self.digits)


USUAL = DocumentLimits()
"""The limits where nothing else is said."""
