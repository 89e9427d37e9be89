"""Trees of operations as GraphQL text: with variables or literals, fragments or none, as chance has it."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schema.model import Model
from tests.fuzz.operation import AnyById, Asked, ById, Constant, Groups, Leaf, Page, Part, Place, Root, ToOne
from tests.model.groups import path_of
from tests.model.world import GRAPH

_TYPES = {"first": "Int", "last": "Int", "after": "String", "before": "String", "where": "{}Filter"}


def write(chance: random.Random, asked: Asked) -> None:
    """Give an operation its text and its variables."""
    writer = _Writer(chance)
    roots = [writer.root(root) for root in asked.roots]
    definitions = f"({', '.join(writer.definitions)})" if writer.definitions else ""
    asked.document = "\n".join([f"query Q{definitions} {{ {' '.join(roots)} }}", *writer.fragments])
    asked.variables = writer.variables


def literal(value: Any) -> str:
    """Return a value as a document writes it."""
    match value:
        case Constant():
            return str(value)
        case Place():
            return json.dumps(value.cursor)
        case dict():
            return "{" + ", ".join(f"{name}: {literal(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@dataclass
class _Writer:
    chance: random.Random
    definitions: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    def root(self, root: Root) -> str:
        match root:
            case Page():
                return self._page(root)
            case ById():
                head = f"{root.key}: {root.model.singular}(id: {self._given('ID!', root.id)})"
                return f"{head} {self._body(root.model, root.body)}"
            case AnyById():
                return self._any(root)
            case Groups():
                return self._groups(root)

    def _any(self, root: AnyById) -> str:
        ids = [id_ for *_, id_ in root.ids]
        models = {model.name: model for model, *_ in root.ids}
        bodies = [f"... on {name} {self._body(models[name], body)}" for name, body in root.bodies.items()]
        given = f"ids: {self._given('[ID!]!', ids)}" if root.is_list else f"id: {self._given('ID!', ids[0])}"
        return f"{root.key}: {'nodes' if root.is_list else 'node'}({given}) {{ __typename id {' '.join(bodies)} }}"

    def _groups(self, root: Groups) -> str:
        model = root.model
        types = {"first": "Int", "where": f"{model.name}Filter", "groupBy": f"[{model.name}GroupBy!]"}
        types["orderBy"] = f"[{model.name}AggregateOrderBy!]"
        parts = ["count", *(f"{measure} {{ {' '.join(names)} }}" for measure, names in root.measures.items())]
        for given in root.arguments.get("groupBy", ()):
            *links, name = path_of(model, given)
            node = f" node {self._body(model, root.node)}" if name == "id" and not links and root.node else ""
            inner = f"{{ {name}{node} }}"
            for link in reversed(links):
                inner = f"{{ {link} {inner} }}"
            parts.append(f"key {inner}")
        return f"{root.key}: {model.plural}Aggregate{self._arguments(root.arguments, types)} {{ {' '.join(parts)} }}"

    def _page(self, page: Page) -> str:
        name = page.model.name
        types = {key: type_.format(name) for key, type_ in _TYPES.items()} | {"orderBy": f"[{name}OrderBy!]"}
        parts = ["__typename"]
        if page.nodes is not None:
            parts.append(f"nodes {self._body(page.model, page.nodes)}")
        if page.edges is not None:
            parts.append(f"edges {{ cursor node {self._body(page.model, page.edges)} }}")
        if page.has_info:
            parts.append("pageInfo { hasNextPage hasPreviousPage startCursor endCursor }")
        if page.has_total:
            parts.append("totalCount")
        return f"{page.key}: {page.name}{self._arguments(page.arguments, types)} {{ {' '.join(parts)} }}"

    def _body(self, model: Model, body: Sequence[Part]) -> str:
        written = [self._part(part) for part in body]
        cut = self.chance.randrange(len(written) + 1)
        match self.chance.randrange(6):
            case 0:
                written[cut:] = [f"... on {model.name} {{ __typename {' '.join(written[cut:])} }}"]
            case 1:
                name = f"F{len(self.fragments)}"
                self.fragments.append("")
                self.fragments[int(name[1:])] = (
                    f"fragment {name} on {model.name} {{ __typename {' '.join(written[cut:])} }}"
                )
                written[cut:] = [f"...{name} @include(if: {self._given('Boolean!', True)})"]
            case 2:
                written.insert(cut, f"... on Node @skip(if: {self._given('Boolean!', True)}) {{ id }}")
        return "{ __typename " + " ".join(written) + " }"

    def _part(self, part: Part) -> str:
        match part:
            case Leaf():
                return f"{part.key}: {part.name}"
            case ToOne():
                return f"{part.key}: {part.link.name} {self._body(GRAPH[part.link.target], part.body)}"
            case Page():
                return self._page(part)

    def _arguments(self, arguments: dict[str, Any], types: dict[str, str]) -> str:
        written = [f"{name}: {self._given(types[name], value)}" for name, value in arguments.items()]
        return f"({', '.join(written)})" if written else ""

    def _given(self, type_: str, value: Any) -> str:
        if self.chance.random() < 0.5:
            return literal(value)
        name = f"v{len(self.variables)}"
        self.variables[name] = value.cursor if isinstance(value, Place) else value
        self.definitions.append(f"${name}: {type_}")
        return f"${name}"
