"""Root fields of a plan: which statements each needs at a run, and what becomes of their answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar, NamedTuple, Protocol

from resolvers.compiled.marks import SEPARATOR
from resolvers.compiled.parts import Chunks
from resolvers.compiled.slots import Supplied, filled
from resolvers.compiled.statement import Statement
from resolvers.compiled.variants import Call, Variants
from resolvers.pages import Limits, check_ids
from resolvers.ways import NotCompiled, Reason
from schema.global_id import not_an_id, parse_global_id
from schema.model import Graph, Model

Tell = Callable[[Sequence[Chunks | None]], Chunks]
"""Makes a field's JSON of that of its statements, None where one gave nothing."""


class Asked(NamedTuple):
    """What a root field is at one run; the statements of its calls are made as these are taken."""

    calls: Iterable[Call]
    tell: Tell


class Root(Protocol):
    """A root field whose JSON is known or comes from the database."""

    @property
    def key(self) -> str:
        """The key in the response."""
        ...

    @property
    def statements(self) -> Iterable[Statement]:
        """The statements that are kept for it."""
        ...

    def asked(self, supplied: Supplied) -> Asked:
        """Return what is to be run; raise `BadUserInput` where a value can't be used."""
        ...


@dataclass(frozen=True)
class KnownRoot:
    """A root field whose JSON is known without the database."""

    key: str
    known: bytes
    statements: ClassVar[Iterable[Statement]] = ()

    def asked(self, _supplied: Supplied) -> Asked:
        """Return nothing to run."""
        return Asked((), lambda _: (self.known,))


@dataclass(frozen=True)
class LeftRoot:
    """A root field that is left to graphql-core."""

    key: str
    statements: ClassVar[Iterable[Statement]] = ()

    def asked(self, _supplied: Supplied) -> Asked:
        """Return nothing to run, and JSON that is put in later."""
        return Asked((), lambda _: ())


@dataclass(frozen=True)
class StatementRoot:
    """A root field with a statement; `missing` is its JSON where that gives nothing."""

    key: str
    variants: Variants
    missing: bytes | None

    @property
    def statements(self) -> Iterable[Statement]:
        """The statements that are kept for it."""
        return self.variants.kept

    def asked(self, supplied: Supplied) -> Asked:
        """Return the statement that fits."""
        return Asked((self.variants.call(supplied),), lambda found: self.told(found[0]))

    def told(self, found: Chunks | None) -> Chunks:
        """Return the field's JSON, where its statement gave this."""
        if found is not None:
            return found
        if self.missing is None:
            raise NotCompiled(Reason.NO_VALUE)
        return (self.missing,)


@dataclass(frozen=True)
class NodeRoot:
    """The root field `node`: the type that its id tells decides the statement."""

    key: str
    operand: Any
    types: "ReadableTypes"

    @property
    def statements(self) -> Iterable[Statement]:
        """The statements that are kept for it."""
        return self.types.statements

    def asked(self, supplied: Supplied) -> Asked:
        """Return the statement of the id's type."""
        type_name, _ = parse_global_id(filled(self.operand, supplied.variables))
        return Asked((self.types[type_name].call(supplied),), lambda found: found[0] or (b"null",))


@dataclass(frozen=True)
class NodesRoot:
    """The root field `nodes`: a statement for each type that is among the ids."""

    key: str
    operand: Any
    types: "ReadableTypes"
    limits: Limits

    @property
    def statements(self) -> Iterable[Statement]:
        """The statements that are kept for it."""
        return self.types.statements

    def asked(self, supplied: Supplied) -> Asked:
        """Return the statements of the ids' types."""
        ids = filled(self.operand, supplied.variables)
        check_ids(ids, self.limits)
        order = [parse_global_id(text)[0] for text in ids]
        types = list(dict.fromkeys(order))
        calls = (self.types[type_name].call(supplied) for type_name in types)
        return Asked(calls, lambda found: _interleaved(order, dict(zip(types, found, strict=True))))


def _interleaved(order: Sequence[str], found: Mapping[str, Chunks | None]) -> Chunks:
    """Return an array of rows, each the next one of its type."""
    rows = {type_name: iter(b"".join(told or ()).split(SEPARATOR)) for type_name, told in found.items()}
    return (b"[", b",".join([next(rows[type_name]) for type_name in order]), b"]")


@dataclass
class ReadableTypes:
    """The statements of the types whose rows can be read by an id, each made when it is asked for."""

    seen: Graph
    make: Callable[[Model], Variants]
    made: dict[str, Variants] = field(default_factory=dict)

    @property
    def statements(self) -> Iterable[Statement]:
        """Those that are kept."""
        return chain.from_iterable(variants.kept for variants in self.made.values())

    def __getitem__(self, type_name: str) -> Variants:
        """Return the statements of a type; an id of another is none."""
        if type_name not in self.made:
            model = self.seen.models.get(type_name)
            if model is None or not model.readable:
                raise not_an_id()
            self.made[type_name] = self.make(model)
        return self.made[type_name]
