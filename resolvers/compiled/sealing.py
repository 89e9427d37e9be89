"""Cursors of a statement's run: sealed from what the database wrote, alone or where they stand among other text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from resolvers.compiled.marks import SEAL
from resolvers.compiled.paging import Belonging
from resolvers.cursors import Cursors

_MARKED = re.compile(SEAL + rb"(\d+)\|(.*?)" + SEAL, re.DOTALL)


class Sealer:
    """Seals the cursors that a statement tells in one run."""

    __slots__ = ("_belongings", "_cursors", "_told", "_variables")

    def __init__(self, cursors: Cursors, belongings: Sequence[Belonging], variables: Mapping[str, Any]) -> None:
        self._cursors = cursors
        self._belongings = belongings
        self._variables = variables
        self._told: dict[int, bytes] = {}

    def sealed(self, number: int, values: bytes) -> bytes:
        """Return a cursor as JSON: the number of its page, and its values as a JSON array."""
        told = self._told.get(number)
        if told is None:
            # Once for all rows: a filter among it is written anew.
            told = self._told[number] = self._belongings[number].told(self._variables)
        return b'"%b"' % self._cursors.seal_written(told, values)

    def all_sealed(self, text: bytes) -> bytes:
        """Return a text with the cursors that stand in it between marks."""
        return _MARKED.sub(self._found, text) if SEAL in text else text

    def _found(self, match: re.Match[bytes]) -> bytes:
        number, values = match.groups()
        return self.sealed(int(number), values)
