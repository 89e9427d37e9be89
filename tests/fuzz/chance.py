"""Random operations, mostly of what somebody has a right to and now and then of something else."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schema.model import Kind, Link, Model
from tests.fuzz.conditions import conditions
from tests.fuzz.document import write
from tests.fuzz.groupings import groups_of, step_of
from tests.fuzz.naming import named_again
from tests.fuzz.operation import AnyById, Arguments, Asked, Body, ById, Groups, Leaf, Page, Place, Root, ToOne
from tests.fuzz.rights import Rights
from tests.model.world import GRAPH, as_id
from tests.rows import Data

_DEPTH = 2


@dataclass(frozen=True)
class Focus:
    """What operations are about: entities by name, and kinds of root fields; anything where it says nothing.

    `rude` operations often name what does not exist for the asker.
    """

    entities: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    rude: bool = False


ANYTHING = Focus()


class Chance:
    """Makes operations for somebody. `places` are cursors that were given before, to whomever."""

    def __init__(
        self, chance: random.Random, data: Data, rights: Rights, places: Sequence[Place] = (), focus: Focus = ANYTHING
    ) -> None:
        self.chance = chance
        self.data = data
        self.rights = rights
        self.asked = Asked()
        self._places = places
        self._focus = focus
        self._keys = 0
        self._rudeness = 0.4 if focus.rude else chance.choice((0, 0, 0, 0.15))

    def operation(self) -> Asked:
        """Return an operation with its text."""
        for _ in range(self.chance.choice((1, 1, 2))):
            self.asked.roots.append(self._root())
        write(self.chance, self.asked)
        return self.asked

    # Choices, each of which names what it chooses.

    def picked(self, options: Iterable[Any], named: Callable[[Any], tuple[str, ...]]) -> Any:
        """Return one of the options that exist for the asker, or any where it is rude or none exists."""
        every = list(options)
        known = [one for one in every if self._exists(named(one))]
        rude = not known or self.chance.random() < self._rudeness
        found = self.chance.choice(every if rude else known)
        self.asked.named.add(named(found))
        return found

    def link(self, model: Model, links: Iterable[Link]) -> Link | None:
        """Return a link to go, None where there is none."""
        known = list(links)
        if not known:
            return None
        found: Link = self.picked(known, lambda link: ("link", model.name, link.target))
        return found

    def _exists(self, named: tuple[str, ...]) -> bool:
        rights = self.rights
        tests: dict[str, Callable[..., bool]] = {
            "read": rights.reads,
            "count": rights.counts,
            "field": rights.has_field,
            "compared": rights.compares,
            "measured": rights.measures,
            "link": rights.has_link,
        }
        return tests[named[0]](*named[1:])

    # Root fields.

    def _root(self) -> Root:
        kinds: dict[str, Callable[[], Root]] = {
            "page": self._all,
            "row": self._by_id,
            "node": self._any_by_id,
            "groups": lambda: groups_of(self, self._model("count")),
        }
        names = self._focus.kinds or ("page", "page", "page", "row", "node", "groups", "groups")
        if not any(self.rights.reads(model.name) for model in GRAPH) and not self._focus.kinds:
            names = ("groups", "groups", "page")
        return kinds[self.chance.choice(names)]()

    def _model(self, right: str) -> Model:
        models = [GRAPH[name] for name in self._focus.entities] or list(GRAPH)
        found: Model = self.picked(models, lambda model: (right, model.name))
        return found

    def _all(self) -> Page:
        model = self._model("read")
        return self._page(model.plural, model, f"Query.{model.plural}", None, _DEPTH)

    def _by_id(self) -> ById:
        model = self._model("read")
        return ById(self.key(), model, self._id(model)[1], self.body(model, _DEPTH))

    def _any_by_id(self) -> AnyById:
        is_list = self.chance.random() < 0.5
        ids = []
        for _ in range(self.chance.randint(1, 6) if is_list else 1):
            model = self._model("read")
            ids.append((model, *self._id(model)))
        names = dict.fromkeys(model.name for model, *_ in ids)
        bodies = {name: self.body(GRAPH[name], 1) for name in names if self.chance.random() < 0.7}
        return AnyById(self.key(), ids, is_list, bodies)

    def _id(self, model: Model) -> tuple[Any, str]:
        if self.chance.random() < 0.05:
            return None, as_id(model, {"id": 4_000_000})
        row = self.chance.choice(self.data.tables[model.table.name])
        return row, as_id(model, row)

    def _groups(self) -> Groups:
        return groups_of(self, self._model("count"))

    # Rows.

    def body(self, model: Model, depth: int) -> Body:
        """Return what to select of rows of an entity."""
        body: Body = []
        for _ in range(self.chance.randint(1, 3)):
            kind = self.chance.random()
            link = self.link(model, model.links.values()) if depth and kind < 0.4 else None
            if link is None:
                body.append(self._leaf(model))
            elif link.many:
                target = GRAPH[link.target]
                body.append(self._page(link.name, target, f"{model.name}.{link.name}", link, depth - 1))
            else:
                body.append(ToOne(self.key(), link, self.body(GRAPH[link.target], depth - 1)))
        return body

    def _leaf(self, model: Model) -> Leaf:
        if self.chance.random() < 0.15:
            return Leaf(self.key(), "id")
        return Leaf(self.key(), self.picked(model.fields, lambda name: ("field", model.name, name)))

    def field(self, model: Model, names: Iterable[str], right: str = "compared") -> str:
        """Return a field of an entity to choose or order rows by or, with the right `measured`, to group or sum up."""
        found: str = self.picked(names, lambda name: (right, model.name, name))
        return found

    def _page(self, name: str, model: Model, coordinate: str, link: Link | None, depth: int) -> Page:
        arguments = self._again(coordinate, model) or self._page_arguments(model)
        parts = self.chance.sample(("nodes", "edges", "info", "total"), self.chance.randint(1, 3))
        return Page(
            self.key(),
            name,
            model,
            coordinate,
            link,
            arguments,
            nodes=self.body(model, depth) if "nodes" in parts else None,
            edges=self.body(model, max(depth - 1, 0)) if "edges" in parts else None,
            has_info="info" in parts,
            has_total="total" in parts,
        )

    def _page_arguments(self, model: Model) -> Arguments:
        arguments: Arguments = dict(self.chance.choice(({}, {"first": 1}, {"first": 3}, {"first": 50}, {"last": 2})))
        if self.chance.random() < 0.5:
            arguments["where"] = conditions(self, model, 2)
        if self.chance.random() < 0.5:
            arguments["orderBy"] = self._ordering(model)
        return arguments

    def _again(self, coordinate: str, model: Model) -> Arguments | None:
        """Return the arguments of a page that goes on at a cursor given before."""
        known = [place for place in self._places if place.model is model]
        if not known or self.chance.random() < 0.5:
            return None
        place = self.chance.choice(known)
        given = {"where": place.where, "orderBy": place.order_by}
        # An ordering that begins with the key is that of no ordering at all.
        if self.chance.random() < 0.2 and not _begins_with_key(place):
            given[self.chance.choice(list(given))] = None
        is_misused = (coordinate, given["where"], given["orderBy"]) != place.given_under
        # A field below another may never be reached, and its cursor never be looked at.
        if is_misused and (not coordinate.startswith("Query.") or self.chance.random() < 0.5):
            return None
        self.asked.misuses_cursor |= is_misused
        self.asked.places.append(place)
        self.asked.named |= set(named_again(model, place))
        size = self.chance.choice(({}, {"first": 50}, {"last": 3}))
        given[self.chance.choice(("after", "before"))] = place
        return size | {name: value for name, value in given.items() if value is not None}

    def _ordering(self, model: Model) -> list[Arguments]:
        names = [name for name, field in model.fields.items() if field.kind is not Kind.JSON]
        fields = dict.fromkeys(self.field(model, names) for _ in range(self.chance.randint(1, 3)))
        return [step_of(self.chance, model.fields[name].constant) for name in fields]

    def key(self) -> str:
        """Return a key of the response that no other field has."""
        self._keys += 1
        return f"k{self._keys}"


def _begins_with_key(place: Place) -> bool:
    return bool(place.order_by) and place.order_by[0]["field"] == "DATABASE_ID"
