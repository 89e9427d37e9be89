"""Single rows of a statement: a row by its id, or rows by ids of one type, as one expression."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.json_text import joined_text
from resolvers.compiled.levels import Level
from resolvers.compiled.marks import SEPARATOR, character
from resolvers.compiled.selections import Selected
from resolvers.compiled.statement import Compiled
from resolvers.sql.scope import all_hold
from schema.global_id import key_of, parse_global_id
from schema.model import Model

_SEPARATOR = character(SEPARATOR)


@dataclass
class RowCompiler:
    """Compiles rows by their ids."""

    connections: ConnectionCompiler

    def root(self, model: Model, selected: Selected) -> Compiled:
        """Return the row; none where there is none that the principal sees."""
        return self._row(model, self._arguments(selected)["id"], self.connections.selections.below(selected))

    def node(self, model: Model, selected: Selected) -> Compiled:
        """Return the row of a type that the field `node` was given the id of."""
        return self._row(model, self._arguments(selected)["id"], self._of_type(model, selected))

    def nodes(self, model: Model, selected: Selected) -> Compiled:
        """Return those rows that the field `nodes` was given ids of one type of, each or `null`, in their order."""
        connections = self.connections
        keys = connections.paging.bind(
            self._arguments(selected)["ids"], ARRAY(model.key.type), lambda ids: _keys_of(model.name, ids)
        )
        asked = (
            sa.func.unnest(keys)
            .table_valued(sa.column("key", model.key.type), with_ordinality="place")
            .render_derived(name="asked")
        )
        rows = model.table.alias()
        level = Level(asked)
        level.join(rows, all_hold(rows.c[model.key.key] == asked.c.key, connections.scope.visible(model, rows)))
        item = connections.objects.linked_object(level, model, rows, self._of_type(model, selected))
        items = sa.func.string_agg(item, aggregate_order_by(_SEPARATOR, asked.c.place))
        return Compiled([items], level.select_from)

    def _row(self, model: Model, id_: Any, wanted: Sequence[Selected]) -> Compiled:
        connections = self.connections
        rows = model.table.alias()
        level = Level(rows)
        key = connections.paging.bind(id_, model.key.type, lambda text: key_of(model.name, text))
        text = joined_text(connections.objects.object(level, model, rows, wanted))
        found = all_hold(rows.c[model.key.key] == key, connections.scope.visible(model, rows))
        return Compiled([text], lambda columns: level.select_from(columns).where(found))

    def _arguments(self, selected: Selected) -> dict[str, Any]:
        return self.connections.selections.arguments(selected)

    def _of_type(self, model: Model, selected: Selected) -> list[Selected]:
        return self.connections.selections.below(selected, model.name)


def _keys_of(type_name: str, ids: Sequence[str]) -> list[int]:
    """Return the keys of those ids that are of a type."""
    found = map(parse_global_id, ids)
    return [key for name, key in found if name == type_name]
