"""Statements that are kept: SQL text, and where the values of its parameters come from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from resolvers.compiled.json_text import SEAL
from resolvers.compiled.paging import Belonging, OpenedCursor, Paging
from resolvers.compiled.slots import Inputs, Supply
from resolvers.cursors import Cursors
from resolvers.database import sql_of

_SEALED = re.compile(SEAL + rb"(\d+)\|(.*?)" + SEAL, re.DOTALL)


@dataclass(frozen=True)
class Statement:
    """The statement of one root field. It gives one row with the field's JSON; null where the field refuses."""

    sql: str
    supplies: tuple[Supply, ...]
    belongings: tuple[Belonging, ...]
    opened: tuple[OpenedCursor, ...]

    def arguments(self, inputs: Inputs) -> list[Any]:
        """Return the values of the parameters."""
        return [supply(inputs) for supply in self.supplies]

    def sealed(self, body: bytes, cursors: Cursors, variables: Mapping[str, Any]) -> bytes:
        """Return the field's JSON with its cursors sealed."""
        if not self.belongings or SEAL not in body:
            return body
        told: dict[bytes, bytes] = {}

        def seal(match: re.Match[bytes]) -> bytes:
            number, values = match.groups()
            if number not in told:
                told[number] = self.belongings[int(number)].told(variables)
            return b'"' + cursors.seal(told[number], orjson.loads(values)).encode() + b'"'

        return _SEALED.sub(seal, body)


def statement_of(text: sa.ColumnElement[Any], paging: Paging) -> Statement:
    """Return the statement that gives a JSON text."""
    # As varchar, whose bytes the connection passes on without reading them.
    sql, names, constants = sql_of(sa.select(sa.cast(text, sa.VARCHAR)))
    supplies = paging.bind.supplies
    return Statement(
        sql=sql,
        supplies=tuple(supplies[name] if name in supplies else _always(constants[name]) for name in names),
        belongings=tuple(paging.belongings),
        opened=tuple(paging.opened),
    )


def _always(value: Any) -> Callable[[Inputs], Any]:
    return lambda _: value
