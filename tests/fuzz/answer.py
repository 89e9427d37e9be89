"""What somebody must be told: the answer to an operation, computed from rights and rows alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schema.model import Model
from security.principal import Principal
from tests.fuzz.operation import AnyById, Asked, Body, ById, Groups, Leaf, Named, Page, Place, Root, ToOne
from tests.fuzz.rights import MASKS, Rights
from tests.fuzz.sight import View
from tests.model.filters import matches
from tests.model.groups import groups, size
from tests.model.pages import in_order, page
from tests.model.world import GRAPH, as_id, as_json
from tests.rows import Data, Row

PAGE_SIZE = 5
"""Rows of a page that asks for no number, as the engine of these tests has it."""

LEAST_GROUP = 3
"""Pharmacies, or rows of what belongs to none, of which they are told who may only count them; as the engine has it."""


@dataclass
class Mark:
    """Stands for the cursor of a row: equal to whatever text is there, which it keeps."""

    page: Page
    row: Row
    text: str = ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return False
        self.text = other
        return True

    __hash__ = None  # type: ignore[assignment]  # whatever is equal to any text has none

    def place(self, principal: Principal) -> Place:
        """Return the place that the cursor has turned out to stand for."""
        arguments = self.page.arguments
        where, order_by = arguments.get("where"), arguments.get("orderBy")
        return Place(self.page.model, self.page.coordinate, self.text, self.row, principal, where, order_by)


@dataclass
class Answering:
    """Answers operations for one principal."""

    data: Data
    principal: Principal
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rights = Rights(self.principal)
        self._view = View(self.data, self.rights)
        self._counts = View(self.data, self.rights, counting=True)

    def may_ask(self, asked: Asked) -> bool:
        """Tell whether everything that an operation names exists for the principal; it is refused whole otherwise."""
        return not asked.misuses_cursor and all(_exists(self.rights, named) for named in asked.named)

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Return the data that the operation must have."""
        self.marks.clear()
        return {root.key: self._root(root) for root in asked.roots}

    def _root(self, root: Root) -> Any:
        match root:
            case Page():
                return self._page(root, self._view.rows(root.model))
            case ById():
                found = next((row for row in self._view.rows(root.model) if as_id(root.model, row) == root.id), None)
                return None if found is None else self._object(root.model, found, root.body)
            case AnyById():
                found_rows = [self._any(model, row, root.bodies) for model, row, _ in root.ids]
                return found_rows if root.is_list else found_rows[0]
            case Groups():
                return self._groups(root)

    def _any(self, model: Model, row: Row | None, bodies: Mapping[str, Body]) -> Any:
        if row is None or row not in self._view.rows(model):
            return None
        told = {"__typename": model.name, "id": as_id(model, row)}
        return told | self._object(model, row, bodies.get(model.name, []))

    def _object(self, model: Model, row: Row, body: Body) -> dict[str, Any]:
        told: dict[str, Any] = {"__typename": model.name}
        for part in body:
            match part:
                case Leaf():
                    told[part.key] = self._leaf(model, row, part.name)
                case ToOne():
                    target = GRAPH[part.link.target]
                    others = self._view.linked(part.link, row)
                    told[part.key] = self._object(target, others[0], part.body) if others else None
                case Page(link=link):
                    assert link
                    told[part.key] = self._page(part, self._view.linked(link, row))
        return told

    def _leaf(self, model: Model, row: Row, name: str) -> Any:
        if name == "id":
            return as_id(model, row)
        field_ = model.fields[name]
        value = row[field_.column.name]
        if value is not None and self.rights.masks(model.name, name):
            return MASKS[model.name, name](value)
        return as_json(field_, value)

    def _page(self, asked: Page, among: Sequence[Row]) -> dict[str, Any]:
        model, arguments = asked.model, asked.arguments
        rows = [row for row in among if matches(self._view, model, row, arguments.get("where", {}))]
        places = {name: arguments[name].row for name in ("after", "before") if name in arguments}
        # The row of a cursor may be hidden from whoever passes it; it marks its place all the same.
        ghosts = [row for row in places.values() if row not in rows]
        ordered = in_order(
            model,
            rows + [ghost for at, ghost in enumerate(ghosts) if ghost not in ghosts[:at]],
            arguments.get("orderBy", []),
        )
        cut = page(ordered, first=arguments.get("first"), last=arguments.get("last"), size=PAGE_SIZE, **places)
        told: dict[str, Any] = {"__typename": f"{model.name}Connection"}
        if asked.nodes is not None:
            told["nodes"] = [self._object(model, row, asked.nodes) for row in cut.rows]
        if asked.edges is not None:
            told["edges"] = [
                {"cursor": self._mark(asked, row), "node": self._object(model, row, asked.edges)} for row in cut.rows
            ]
        if asked.has_info:
            told["pageInfo"] = {
                "hasNextPage": cut.has_next,
                "hasPreviousPage": cut.has_previous,
                "startCursor": self._mark(asked, cut.rows[0]) if cut.rows else None,
                "endCursor": self._mark(asked, cut.rows[-1]) if cut.rows else None,
            }
        if asked.has_total:
            told["totalCount"] = len(rows)
        return told

    def _mark(self, asked: Page, row: Row) -> Mark:
        self.marks.append(Mark(asked, row))
        return self.marks[-1]

    def _groups(self, asked: Groups) -> list[dict[str, Any]]:
        model, arguments = asked.model, asked.arguments
        unseen = self.rights.counts_unseen(model.name)
        view = self._counts if unseen else self._view
        readable = self._view.rows(model)
        rows = [row for row in view.rows(model) if matches(view, model, row, arguments.get("where", {}))]

        def is_told(members: list[Row]) -> bool:
            if not unseen or size(view, model, members) >= LEAST_GROUP:
                return True
            return bool(members) and all(row in readable for row in members)

        by, order = arguments.get("groupBy", []), arguments.get("orderBy", [])
        found = groups(view, model, rows, by, order, is_told=is_told)
        return [self._group(asked, group) for group in found[: arguments.get("first")]]

    def _group(self, asked: Groups, group: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"count": group["count"]}
        for measure, names in asked.measures.items():
            told[measure] = {name: group[measure][name] for name in names}
        if asked.arguments.get("groupBy"):
            told["key"] = dict(group["key"])
            if asked.node is not None and "id" in told["key"]:
                found = (row for row in self._view.rows(asked.model) if as_id(asked.model, row) == told["key"]["id"])
                row = next(found, None)
                told["key"]["node"] = None if row is None else self._object(asked.model, row, asked.node)
        return told


def _exists(rights: Rights, named: Named) -> bool:
    match named:
        case ("read", entity):
            return rights.reads(entity)
        case ("count", entity):
            return rights.counts(entity)
        case ("field", entity, name):
            return rights.has_field(entity, name)
        case ("compared", entity, name):
            return rights.compares(entity, name)
        case ("measured", entity, name):
            return rights.measures(entity, name)
        case ("link", entity, target):
            return rights.has_link(entity, target)
    raise AssertionError(named)
