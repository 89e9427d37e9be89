"""Single rows of a statement: a row by its id, as one expression."""

from dataclasses import dataclass

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.json_text import joined_text
from resolvers.compiled.levels import Level
from resolvers.compiled.selections import Selected
from resolvers.compiled.statement import Compiled
from resolvers.sql.scope import all_hold
from schema.global_id import key_of
from schema.model import Model


@dataclass
class RowCompiler:
    """Compiles a row by its id."""

    connections: ConnectionCompiler

    def root(self, model: Model, selected: Selected) -> Compiled:
        """Return the row; none where there is none that the principal sees."""
        connections = self.connections
        arguments = connections.selections.arguments(selected)
        rows = model.table.alias()
        level = Level(rows)
        key = connections.paging.bind(arguments["id"], model.key.type, lambda text: key_of(model.name, text))
        text = joined_text(connections.objects.object(level, model, rows, connections.selections.below(selected)))
        found = all_hold(rows.c[model.key.key] == key, connections.scope.visible(model, rows))
        return Compiled([text], lambda columns: level.select_from(columns).where(found))
