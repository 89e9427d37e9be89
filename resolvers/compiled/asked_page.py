"""The page of a connection: what is asked of it, and the statement of its rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from resolvers.compiled.paging import CompiledPage
from resolvers.compiled.selections import Selected
from resolvers.sql.scope import Predicate, Source, all_hold, joined
from schema.model import Link, Model

if TYPE_CHECKING:
    from resolvers.compiled.connections import ConnectionCompiler


class AskedPage:
    """The page of one connection while it is compiled."""

    def __init__(
        self,
        compiler: "ConnectionCompiler",
        model: Model,
        coordinate: str,
        selected: Selected,
        *,
        parent: Source | None = None,
        link: Link | None = None,
    ) -> None:
        self._compiler = compiler
        self._objects = compiler.objects
        self._selections = compiler.selections
        self._model = model
        self._parent = parent
        self._link = link
        self._arguments: Mapping[str, Any] = compiler.selections.arguments(selected)
        self._page: CompiledPage = compiler.paging.page(model, coordinate, self._arguments)
        self._wanted = compiler.selections.below(selected)

    # What is asked for.

    @property
    def _needs_rows(self) -> bool:
        return any(field.name in ("nodes", "edges") for field in self._wanted) or self._needs_more or self._needs_ends

    @property
    def _needs_more(self) -> bool:
        """Whether it is asked for whether more rows follow in the page's direction."""
        return self._asks_page_info("hasPreviousPage" if self._page.page.backward else "hasNextPage")

    @property
    def _needs_ends(self) -> bool:
        return self._asks_page_info("startCursor", "endCursor")

    def _asks_page_info(self, *names: str) -> bool:
        infos = (field for field in self._wanted if field.name == "pageInfo")
        return any(part.name in names for info in infos for part in self._selections.below(info))

    def _row_selections(self) -> Iterator[list[Selected]]:
        """Return what is selected of the rows, under `nodes` and under `edges`."""
        below = self._selections.below
        for field in self._wanted:
            if field.name == "nodes":
                yield below(field)
            elif field.name == "edges":
                yield from (below(part) for part in below(field) if part.name == "node")

    # The rows.

    def _rows(self) -> sa.Select[Any]:
        """Return the statement of the page's rows, and one more where it must be known whether there is one."""
        rows = self._model.table.alias()
        page = self._page.page
        statement = (
            sa.select(*self._columns(rows))
            .where(all_hold(self._matching(rows), page.between(rows, self._compiler.paging.bind)))
            .order_by(*page.direction.clauses(rows))
        )
        return self._limited(self._correlated(statement))

    def _limited(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Return the statement of rows with the page's limit."""
        limit = self._page.one_more if self._needs_more else self._page.size
        if self._parent is not None or not self._has_links:
            return statement.limit(limit)
        # PostgreSQL would take a limit that it doesn't know for a tenth of the table, and join accordingly.
        at_most = statement.limit(sa.literal_column(str(self._page.at_most))).subquery()
        # Ordered once more, for the planner to know that it is, and to sort nothing above.
        return sa.select(*at_most.c).order_by(*self._page.page.direction.clauses(at_most)).limit(limit)

    @property
    def _has_links(self) -> bool:
        """Whether something is joined to the rows, so that the planner must know how many they are."""
        links = self._model.links
        return any(field.name in links for selected in self._row_selections() for field in selected)

    def _columns(self, rows: Source) -> Sequence[sa.ColumnElement[Any]]:
        columns = [
            column
            for selected in self._row_selections()
            for column in self._objects.columns(self._model, rows, selected)
        ]
        columns += [rows.c[step.field.column.key] for step in self._page.page.ordering.steps]
        return list(dict.fromkeys(columns))

    def _matching(self, rows: Source) -> Predicate:
        """Return the predicate of the rows on all pages."""
        scope, filters = self._compiler.scope, self._compiler.filters
        given = self._arguments.get("where") or {}
        parts = [scope.visible(self._model, rows), filters.predicate(self._model, rows, given)]
        if self._link is not None and self._parent is not None:
            parts.append(joined(self._link, self._parent, rows))
        return all_hold(*parts)

    def _correlated(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        return statement if self._parent is None else statement.correlate(self._parent)

    def _count(self) -> sa.ColumnElement[Any]:
        rows = self._model.table.alias()
        counted = sa.select(sa.func.count()).select_from(rows).where(self._matching(rows))
        return self._correlated(counted).scalar_subquery()
