"""Plans: the root fields of an operation for one shape of its variables, and what is left to graphql-core."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from typing import Final

from graphql import DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode

from resolvers.compiled.connections import ConnectionCompiler
from resolvers.compiled.groups import GroupCompiler
from resolvers.compiled.paging import Paging
from resolvers.compiled.parts import Chunks
from resolvers.compiled.roots import KnownRoot, LeftRoot, NodeRoot, NodesRoot, ReadableTypes, Root, StatementRoot
from resolvers.compiled.rows import RowCompiler
from resolvers.compiled.selections import Selected, Selections
from resolvers.compiled.slots import Inputs, Parameters, Supplied
from resolvers.compiled.statement import Compiled, Statement, statement_of
from resolvers.compiled.variants import Variants
from resolvers.cursors import Cursors
from resolvers.database import Planning, Version
from resolvers.documents import Prepared
from resolvers.pages import Limits
from resolvers.schemas import SeenSchema
from resolvers.sql.scope import Scope
from resolvers.ways import NotCompiled, Reason
from schema.model import Graph, Model

Make = Callable[[ConnectionCompiler], Compiled]
"""Makes the pieces of a root field."""

BEFORE, BEHIND = b'{"data":', b"}"
"""What stands around the data of a response without errors."""

_READ_NOTHING: Final = frozenset({"__schema", "__type", "rateLimit", "qualityChecks", "qualityHistory"})
"""Root fields that are answered without the database."""


@dataclass(frozen=True)
class Plan:
    """The root fields of an operation in their order, and an operation of those that are left to graphql-core.

    `left_reads` tells whether one of these reads data, and so needs the snapshot of the others.
    """

    roots: Sequence[Root]
    left: DocumentNode | None = None
    left_reads: bool = False

    @cached_property
    def only(self) -> StatementRoot | None:
        """The only root field, where there is one and it has a statement."""
        root = self.roots[0] if len(self.roots) == 1 else None
        return root if isinstance(root, StatementRoot) else None

    @cached_property
    def _keys(self) -> Sequence[bytes]:
        """What stands in the response before each root field's JSON."""
        return [b'%b"%b":' % (b"," if at else b"{", root.key.encode()) for at, root in enumerate(self.roots)]

    @property
    def statements(self) -> Iterator[Statement]:
        """The statements that are kept for it."""
        return chain.from_iterable(root.statements for root in self.roots)

    def response(self, parts: Sequence[Chunks]) -> bytes:
        """Return the response with the JSON of the root fields."""
        if not parts:
            return BEFORE + b"{}" + BEHIND
        chunks = [BEFORE]
        for key, part in zip(self._keys, parts, strict=True):
            chunks.append(key)
            chunks += part
        chunks.append(b"}" + BEHIND)
        return b"".join(chunks)


@dataclass(frozen=True)
class Planner:
    """Makes plans for whoever sees the same of the graph; `on_kept` is told the size of each plan and statement."""

    everything: Graph
    seen: SeenSchema
    limits: Limits
    cursors: Cursors
    version: Version
    on_kept: Callable[[int], None] = lambda _: None

    def plan(self, prepared: Prepared, selections: Selections) -> Plan:
        """Return the plan of an operation; raise `NotCompiled` where graphql-core has to answer all of it."""
        wanted = selections.roots()
        roots = [self._root(selected, selections) for selected in wanted]
        left = [selected for selected, root in zip(wanted, roots, strict=True) if isinstance(root, LeftRoot)]
        if not left:
            return Plan(roots)
        if all(isinstance(root, LeftRoot | KnownRoot) for root in roots):
            raise NotCompiled(Reason.NO_COMPILED_FIELD)
        reads = any(selected.name not in _READ_NOTHING for selected in left)
        return Plan(roots, _only(prepared, left), reads)

    def _root(self, selected: Selected, selections: Selections) -> Root:
        match selected.name:
            case "__typename":
                return KnownRoot(selected.key, b'"Query"')
            case "node":
                id_ = selections.arguments(selected)["id"]
                return NodeRoot(selected.key, id_, self._types(selected, selections))
            case "nodes":
                ids = selections.arguments(selected)["ids"]
                return NodesRoot(selected.key, ids, self._types(selected, selections), self.limits)
        for model in self.seen.graph:
            if found := self._of_entity(model, selected, selections):
                return found
        return LeftRoot(selected.key)

    def _of_entity(self, model: Model, selected: Selected, selections: Selections) -> Root | None:
        """Return the root field where it is one of an entity's three."""
        key, name = selected.key, selected.name
        if name == model.singular:
            return StatementRoot(key, self._variants(selections, _row(model, selected), one_row=True), b"null")
        if name == model.plural:
            return StatementRoot(key, self._variants(selections, _page(model, selected)), None)
        if name == f"{model.plural}Aggregate":
            return StatementRoot(key, self._variants(selections, _groups(model, selected), totals=True), None)
        return None

    def _types(self, selected: Selected, selections: Selections) -> ReadableTypes:
        def variants(model: Model) -> Variants:
            def make(connections: ConnectionCompiler) -> Compiled:
                rows = RowCompiler(connections)
                return rows.node(model, selected) if is_one else rows.nodes(model, selected)

            return self._variants(selections, make, one_row=is_one)

        is_one = selected.name == "node"

        return ReadableTypes(self.seen.graph, variants)

    def _variants(self, selections: Selections, make: Make, *, totals: bool = False, one_row: bool = False) -> Variants:
        return Variants(partial(self._statement, selections, make, totals=totals, one_row=one_row), self.cursors)

    def _statement(
        self, selections: Selections, make: Make, supplied: Supplied, *, totals: bool, one_row: bool
    ) -> Statement:
        bind = Parameters()
        paging = Paging(self.limits, self.cursors, Inputs(supplied, [], []), bind)
        scope = Scope(self.everything, self.seen.graph, supplied.principal, bind=bind)
        compiled = make(ConnectionCompiler(scope, selections, paging))
        planning = Planning.ONE_ROW if one_row else Planning.ONCE
        if totals or paging.is_filtered:
            planning = Planning.EACH_TIME
        statement = statement_of(compiled, paging, planning, self.version)
        self.on_kept(statement.size)
        return statement


def _row(model: Model, selected: Selected) -> Make:
    return lambda connections: RowCompiler(connections).root(model, selected)


def _page(model: Model, selected: Selected) -> Make:
    return lambda connections: connections.root(model, selected)


def _groups(model: Model, selected: Selected) -> Make:
    def make(connections: ConnectionCompiler) -> Compiled:
        return GroupCompiler(replace(connections.scope, totals=model.counts_unseen), connections).root(model, selected)

    return make


def _only(prepared: Prepared, wanted: Sequence[Selected]) -> DocumentNode:
    """Return the document with an operation of these root fields alone, at the places where they stand."""
    nodes: list[FieldNode] = [detail.node for selected in wanted for detail in selected.details]
    only = replace(prepared.operation, selection_set=SelectionSetNode(selections=tuple(nodes)))
    fragments = (one for one in prepared.document.definitions if isinstance(one, FragmentDefinitionNode))
    return replace(prepared.document, definitions=(only, *fragments))
