"""Limits of a parsed document: one pass over its tree, and one over its fragments.

Validation compares fields with each other and follows fragments along every path, so that a document of a few hundred
bytes can take it minutes. What gets past this pass can't: see docs/limits.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from security.errors import TooExpensive
from security.limits.bounds import DocumentLimits
from security.limits.literals import check_literals

_MOST = 1_000_000
"""Where counters stop: fragments that spread each other make numbers with thousands of digits."""

_NAMES = {"inline_fragments": "inline fragments", "spreads": "fragment spreads", "roots": "root fields"}


class CyclicFragments(Exception):
    """A fragment spreads itself, directly or through others; `node` is where."""

    def __init__(self, node: FragmentSpreadNode) -> None:
        super().__init__(node.name.value)
        self.node = node


@dataclass
class _Size:
    """How much a selection has of everything; `depth` is the number of its levels."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    inline_fragments: int = 0
    spreads: int = 0

    def add(self, other: "_Size", level: int) -> None:
        """Add what is spread at a level."""
        self.depth = max(self.depth, min(level + other.depth, _MOST))
        for name in ("fields", "aliases", "inline_fragments", "spreads"):
            setattr(self, name, min(getattr(self, name) + getattr(other, name), _MOST))


@dataclass
class _Part:
    """An operation or a fragment by itself: its size, and what it spreads at which level."""

    selection: SelectionSetNode
    own: _Size = field(default_factory=_Size)
    spread: list[tuple[FragmentSpreadNode, int]] = field(default_factory=list)
    whole: _Size | None = None


def check_document(document: DocumentNode, limits: DocumentLimits) -> None:
    """Raise `TooExpensive` for a document that has too much of something, `CyclicFragments` for one without end."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    _at_most(len(operations), limits.operations, "operations")
    _at_most(len(fragments), limits.fragments, "fragments")
    check_literals(document, limits)
    by_name = {node.name.value: _part(node.selection_set) for node in fragments}
    total = _Size()
    for part in by_name.values():
        # Validation looks at fragments by themselves too, also at those that nothing spreads: each with all that it
        # spreads, and so does what counts overlaps.
        _check_size(_measure(part, by_name, set()), limits)
        total.add(part.own, 0)
    _check_size(total, limits)
    for node in operations:
        part = _part(node.selection_set)
        total.add(_measure(part, by_name, set()), 0)
        _check_size(total, limits)
        _at_most(_roots(node.selection_set, by_name), limits.roots, "root fields")
    _check_overlaps([node.selection_set for node in (*operations, *fragments)], by_name, total, limits)


def _part(selection: SelectionSetNode) -> _Part:
    part = _Part(selection)
    _count(selection, 1, part)
    return part


def _count(selection: SelectionSetNode, level: int, part: _Part) -> None:
    own = part.own
    own.depth = max(own.depth, level)
    for node in selection.selections:
        if isinstance(node, FieldNode):
            own.fields += 1
            own.aliases += node.alias is not None
            if node.selection_set:
                _count(node.selection_set, level + 1, part)
        elif isinstance(node, InlineFragmentNode):
            own.inline_fragments += 1
            _count(node.selection_set, level, part)
        elif isinstance(node, FragmentSpreadNode):
            own.spreads += 1
            part.spread.append((node, level - 1))


def _measure(part: _Part, by_name: dict[str, _Part], within: set[str]) -> _Size:
    """Return the size of a part with all that it spreads; that of a fragment is counted once."""
    if part.whole is None:
        whole = _Size(*(getattr(part.own, one.name) for one in fields(_Size)))
        for node, level in part.spread:
            name = node.name.value
            if name in within:
                raise CyclicFragments(node)
            if name in by_name:
                whole.add(_measure(by_name[name], by_name, within | {name}), level)
        part.whole = whole
    return part.whole


def _roots(selection: SelectionSetNode, by_name: dict[str, _Part]) -> int:
    count = 0
    for node in _flat(selection, by_name):
        count += isinstance(node, FieldNode)
    return count


def _flat(selection: SelectionSetNode, by_name: dict[str, _Part]) -> Iterable[FieldNode]:
    """Give the fields of a selection with those of its fragments."""
    for node in selection.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, InlineFragmentNode):
            yield from _flat(node.selection_set, by_name)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in by_name:
            yield from _flat(by_name[node.name.value].selection, by_name)


def _check_overlaps(
    selections: list[SelectionSetNode], by_name: dict[str, _Part], total: _Size, limits: DocumentLimits
) -> None:
    """Count the pairs of fields that stand for the same key; there can't be too many among a few fields."""
    if total.fields**2 <= limits.overlaps:
        return
    pairs = 0
    rest = [[selection] for selection in selections]
    while rest:
        merged: dict[str, list[FieldNode]] = {}
        for selection in rest.pop():
            for node in _flat(selection, by_name):
                merged.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        pairs += sum(len(nodes) * (len(nodes) - 1) for nodes in merged.values())
        _at_most(pairs, limits.overlaps, "pairs of fields to merge")
        rest += [inner for nodes in merged.values() if (inner := [n.selection_set for n in nodes if n.selection_set])]


def _check_size(size: _Size, limits: DocumentLimits) -> None:
    if size.depth > limits.depth:
        raise TooExpensive(f"The operation has more than {limits.depth} levels of fields: ask in several steps.")
    for name in ("fields", "aliases", "inline_fragments", "spreads"):
        _at_most(getattr(size, name), getattr(limits, name), name)


def _at_most(number: int, most: int, name: str) -> None:
    if number > most:
        raise TooExpensive(f"The document has more than {most:,} {_NAMES.get(name, name)}: ask for less at a time.")
