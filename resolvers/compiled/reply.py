"""What a statement gave at one run, and how the cursors in it are sealed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from resolvers.compiled.marks import SEAL
from resolvers.compiled.paging import Belonging
from resolvers.cursors import Cursors
from resolvers.database import Texts

_MARKED = re.compile(SEAL + rb"(\d+)\|(.*?)" + SEAL, re.DOTALL)


class Reply:
    """The texts of a statement's only row or, of a page of rows, a text for each column.

    `has_more` tells whether there are more rows than the page has.
    """

    __slots__ = ("_belongings", "_cursors", "_told", "_variables", "has_more", "texts")

    def __init__(
        self, texts: Texts, cursors: Cursors, belongings: Sequence[Belonging], variables: Mapping[str, Any]
    ) -> None:
        self.texts = texts
        self.has_more = False
        self._cursors = cursors
        self._belongings = belongings
        self._variables = variables
        self._told: dict[int, bytes] | None = None

    def sealed_end(self, number: int, values: bytes) -> bytes:
        """Return the cursor of a page's end as JSON: the number of what it belongs to, its values as a JSON array."""
        return b'"%b"' % self._cursors.seal_end(self._belonging(number), values)

    def all_sealed(self, text: bytes) -> bytes:
        """Return a text with the cursors that stand in it between marks."""
        return _MARKED.sub(self._found, text) if SEAL in text else text

    def _found(self, match: re.Match[bytes]) -> bytes:
        number, values = match.groups()
        return b'"%b"' % self._cursors.seal_written(self._belonging(int(number)), values)

    def _belonging(self, number: int) -> bytes:
        # Once for all rows: a filter among it is written anew.
        told = self._told
        if told is None:
            told = self._told = {}
        if number not in told:
            told[number] = self._belongings[number].told(self._variables)
        return told[number]
