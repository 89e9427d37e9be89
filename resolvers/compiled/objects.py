"""Objects of a statement: the JSON of a row with its fields and links."""

import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from resolvers.access import MARK
from resolvers.compiled.json_text import NULL, Piece, joined_text, object_pieces, scalar_pieces
from resolvers.compiled.levels import Level
from resolvers.compiled.marks import character
from resolvers.compiled.selections import Selected, Selections
from resolvers.sql.scope import Scope, Source, all_hold, joined
from resolvers.ways import NotCompiled, Reason
from schema.derive.objects import TYPE_NAME
from schema.model import Link, Model

if TYPE_CHECKING:
    from resolvers.compiled.connections import ConnectionCompiler

_MARK = character(MARK)


@dataclass
class ObjectCompiler:
    """Compiles the fields selected of rows."""

    scope: Scope
    selections: Selections
    connections: "ConnectionCompiler"

    def columns(self, model: Model, source: Source, selected: Sequence[Selected]) -> list[sa.ColumnElement[Any]]:
        """Return the columns of a row that the selected fields are made of, without those of other rows."""
        names = {name for field in selected for name in self._needed(model, field)}
        if _tells_personal_data(model, selected):
            names.add(model.key.key)
        return [source.c[column.key] for column in model.table.columns if column.key in names]

    def object(self, level: Level, model: Model, source: Source, selected: Sequence[Selected]) -> list[Piece]:
        """Return the pieces of a row's object; `source` is the row, in the level or joined to it."""
        pieces = object_pieces(self._members(level, model, source, selected))
        if not _tells_personal_data(model, selected):
            return pieces
        # For the audit log; taken out again before the response is sent.
        return [_MARK, f"{model.name}:", source.c[model.key.key], _MARK, *pieces]

    def linked_object(
        self, level: Level, target: Model, other: Source, selected: Sequence[Selected]
    ) -> sa.ColumnElement[Any]:
        """Return the object of a row joined to a level, as text; `null` where there is none."""
        text = joined_text(self.object(level, target, other, selected))
        return sa.case((other.c[target.key.key].is_(None), NULL), else_=text)

    def _needed(self, model: Model, field: Selected) -> Iterator[str]:
        if field.name == "id":
            yield model.key.key
        elif field.name in model.fields:
            yield model.fields[field.name].column.key
        elif field.name in model.links:
            yield model.links[field.name].local.key

    def _members(
        self, level: Level, model: Model, source: Source, selected: Sequence[Selected]
    ) -> Iterator[tuple[str, Sequence[Piece]]]:
        for field in selected:
            if field.name == TYPE_NAME:
                yield field.key, [f'"{model.name}"']
            elif field.name == "id":
                yield field.key, global_id_pieces(model, source.c[model.key.key])
            elif field.name in model.fields:
                scalar = model.fields[field.name]
                yield field.key, scalar_pieces(scalar, source.c[scalar.column.key])
            elif field.name in model.links:
                yield field.key, [self._link(level, model, source, model.links[field.name], field)]
            else:
                raise NotCompiled(Reason.UNKNOWN_FIELD)

    def _link(self, level: Level, model: Model, source: Source, link: Link, field: Selected) -> sa.ColumnElement[Any]:
        target = self.scope.seen.target(link)
        if link.many:
            return self.connections.linked(model, source, link, target, field)
        other = target.table.alias()
        level.join(other, all_hold(joined(link, source, other), self.scope.visible(target, other)))
        return self.linked_object(level, target, other, self.selections.below(field))


def _tells_personal_data(model: Model, selected: Sequence[Selected]) -> bool:
    return any(field.name in model.fields and model.fields[field.name].pii for field in selected)


def global_id_pieces(model: Model, key: sa.ColumnElement[Any]) -> list[Piece]:
    """Return the pieces of a global id, as `schema.global_id` writes it."""
    head, tail = _global_id(model, key)
    return ['"' + head, tail, '"']


def global_id_text(model: Model, key: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a global id as text, null where the key is."""
    head, tail = _global_id(model, key)
    written: sa.ColumnElement[Any] = sa.literal_column(f"'{head}'", sa.Text())
    return written.op("||")(tail)


def _global_id(model: Model, key: sa.ColumnElement[Any]) -> tuple[str, sa.ColumnElement[Any]]:
    """Return what all global ids of an entity begin with, and the expression of the rest.

    Base64 writes three bytes as four characters, so that as many threes as the entity's name has are the same in all.
    """
    prefix = f"{model.name}:"
    shared = len(prefix) // 3 * 3
    head = binascii.b2a_base64(prefix[:shared].encode(), newline=False).decode()
    decoded: sa.ColumnElement[Any] = sa.cast(key, sa.Text)
    if rest := prefix[shared:]:
        decoded = sa.literal_column(f"'{rest}'", sa.Text()).op("||")(decoded)
    # The names of entities are ASCII, and so what the client's encoding makes of it.
    return head, sa.func.encode(sa.func.textsend(decoded), sa.literal_column("'base64'"))
