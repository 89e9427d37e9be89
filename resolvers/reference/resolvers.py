"""Resolvers of the reference path, one for each kind of derived field."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, cast

from strawberry.types.info import Info

from resolvers.explaining import explained, principal_described
from resolvers.pages import check_ids
from resolvers.quality import size_of_history
from resolvers.reference.aggregates import groups
from resolvers.reference.connections import linked_connection, root_connection
from resolvers.reference.loaders import RowByKeyLoader
from resolvers.reference.operation import Running
from resolvers.reference.rows import Row, value_of_link
from schema.global_id import key_of, not_an_id, parse_global_id
from schema.model import Link, Model
from schema.resolution import Resolve


class ReferenceResolvers:
    """Answers every derived field from the operational database; holds nothing of any request."""

    def by_id(self, model: Model) -> Resolve:
        """Return the resolver of a row by its global id."""

        async def resolve(_source: None, info: Info, *, id: str) -> Row | None:  # noqa: A002  # the graph's word
            return await _row(_running(info), model, key_of(model.name, id))

        return resolve

    def connection(self, model: Model) -> Resolve:
        """Return the resolver of a page of all rows."""

        async def resolve(_source: None, info: Info, **arguments: Any) -> Row:
            return await root_connection(_running(info), model, f"Query.{model.plural}", arguments)

        return resolve

    def aggregate(self, model: Model) -> Resolve:
        """Return the resolver of groups of rows."""

        async def resolve(_source: None, info: Info, **arguments: Any) -> list[Row]:
            return await groups(_running(info), model, arguments)

        return resolve

    def to_one(self, model: Model, link: Link) -> Resolve:
        """Return the resolver of the row that a link leads to."""

        async def resolve(source: Row, info: Info) -> Row | None:
            running = _running(info)
            key = value_of_link(model, link.local, source)
            return None if key is None else await _row(running, running.scope.seen.target(link), key)

        return resolve

    def to_many(self, model: Model, link: Link) -> Resolve:
        """Return the resolver of a page of the rows that a link leads to."""
        coordinate = f"{model.name}.{link.name}"

        async def resolve(source: Row, info: Info, **arguments: Any) -> Row:
            return await linked_connection(_running(info), model, link, coordinate, source, arguments)

        return resolve

    def group_node(self, model: Model) -> Resolve:
        """Return the resolver of the row whose key a group stands for."""

        async def resolve(source: Row, info: Info) -> Row | None:
            key = source["database_id"]
            if callable(key):
                key()
            return None if key is None else await _row(_running(info), model, key)

        return resolve

    def node(self) -> Resolve:
        """Return the resolver of a row of any type."""

        async def resolve(_source: None, info: Info, *, id: str) -> Row | None:  # noqa: A002  # the graph's word
            return await _any_row(_running(info), id)

        return resolve

    def nodes(self) -> Resolve:
        """Return the resolver of rows of any type."""

        def resolve(_source: None, info: Info, *, ids: list[str]) -> list[Any]:
            running = _running(info)
            check_ids(ids, running.limits)
            return [_any_row(running, text) for text in ids]

        return resolve

    def explain_access(self) -> Resolve:
        """Return the resolver of why somebody is told something."""

        async def resolve(
            _source: None,
            info: Info,
            *,
            coordinate: str,
            claims: Any,
            id: str | None = None,  # noqa: A002  # the graph's word
            restricted: bool | None = None,
        ) -> dict[str, Any]:
            running = _running(info)
            principal = principal_described(claims, is_restricted=bool(restricted))
            viewer = running.scope
            told = await explained(viewer.everything, viewer, running.snapshot, coordinate, id, principal)
            return told.told()

        return resolve

    def quality_checks(self) -> Resolve:
        """Return the resolver of the last result of each check."""

        async def resolve(_source: None, info: Info) -> Sequence[Row]:
            return await _running(info).quality.last()

        return resolve

    def quality_history(self) -> Resolve:
        """Return the resolver of one check's results."""

        async def resolve(_source: None, info: Info, *, name: str, first: int | None = None) -> Sequence[Row]:
            return await _running(info).quality.history(name, size_of_history(first))

        return resolve

    def rate_limit(self) -> Resolve:
        """Return the resolver of how the caller's budget stands."""

        def resolve(_source: None, info: Info) -> dict[str, Any] | None:
            bill = _running(info).bill
            standing = bill.standing()
            if standing is None:
                return None
            full = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=standing.seconds)
            return {
                "limit": standing.limit,
                "cost": bill.requested,
                "remaining": standing.remaining,
                "resetAt": full.replace(microsecond=0),
            }

        return resolve


def _running(info: Info) -> Running:
    return cast("Running", info.context)


async def _row(running: Running, model: Model, key: int) -> Row | None:
    return await running.load(("row", model.name), lambda: RowByKeyLoader(running, model), key)


async def _any_row(running: Running, text: str) -> Row | None:
    type_name, key = parse_global_id(text)
    model = running.scope.seen.models.get(type_name)
    if model is None or not model.readable:
        raise not_an_id()
    return await _row(running, model, key)
