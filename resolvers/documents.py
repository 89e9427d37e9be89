"""Documents: parsed and validated once for each schema they are asked of."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)

from resolvers.access import Coordinates
from resolvers.answers import MAX_ERRORS, TOO_DEEP, Answer, refusal, refused_by
from resolvers.coercion import Coercer
from resolvers.schemas import SeenSchema
from security.errors import ErrorCode, TooExpensive
from security.limits import CyclicFragments, DocumentLimits, check_document, check_text

if TYPE_CHECKING:
    from resolvers.compiled.operation import CompiledOperation
    from resolvers.costs import Price

_MOST = 400
_MOST_PLANNED = 3_000_000
"""Characters of the plans and statements that are kept with all documents, which take some 25 bytes for each.

A usual statement has 2,000 to 4,000 with its plan. One whose filter has as many conditions as may be has a hundred
thousand, and so has its plan, which is there also where the filter is refused before there is a statement.
"""
_MOST_CHARACTERS = 1_000_000
"""Characters of all documents that are kept: their trees take some hundred bytes for each."""
_LONGEST = 20_000
"""Longest document that is kept, in characters: its tree takes some hundred times the memory."""
_AMPLIFICATION = 3
"""How many times as large as its document a refusal may be."""
_ROOM = 1_024
"""Bytes that a refusal may have whatever its document: the request's head and token have as many."""
_AROUND_A_MESSAGE = 120
_MAX_TOKENS = 10_000
"""Most tokens of a document; parsing takes about 2 µs each."""


class MutationByGet(Exception):
    """A GET request asked for a mutation: HTTP answers that with 405."""


@dataclass
class Prepared:
    """A document that is valid for a schema, and the operation that a request asks for.

    `compiled` and `price` are what the engine made of it, kept as long as the document is.
    """

    document: DocumentNode
    operation: OperationDefinitionNode
    coercer: Coercer
    compiled: "CompiledOperation | None" = None
    price: "Price | None" = None
    coordinates: Coordinates | None = None


@dataclass(frozen=True)
class Valid:
    """A document that is valid for a schema, and those of its operations that were asked for."""

    document: DocumentNode
    operations: dict[str | None, Prepared] = field(default_factory=dict)


class Documents:
    """Keeps what the documents used last came to, so that asking again costs nothing."""

    def __init__(self, limits: DocumentLimits) -> None:
        self._limits = limits
        # By their texts, which their trees hold anyway.
        self._kept: OrderedDict[tuple[str, SeenSchema], Valid | Answer] = OrderedDict()
        self._planned_at_most = 0
        self._characters = 0

    @property
    def size(self) -> int:
        """How many documents are kept, those that are refused among them."""
        return len(self._kept)

    @property
    def plans(self) -> int:
        """How many plans are kept with them."""
        return sum(compiled.plans for compiled in self._compiled())

    @property
    def statements(self) -> int:
        """How many statements are kept with their plans."""
        return sum(compiled.statements for compiled in self._compiled())

    def make_room(self, size: int) -> None:
        """Take notice of a new plan or statement; forget the documents used longest ago where too much is kept."""
        self._planned_at_most += size
        if self._planned_at_most < _MOST_PLANNED:
            return
        # Counted only now and then, with room made for others: it takes 2 ms.
        kept = sum(compiled.size for compiled in self._compiled())
        while kept > _MOST_PLANNED * 9 // 10:
            kept -= sum(compiled.size for compiled in _compiled_of(self._forget_oldest()))
        self._planned_at_most = kept + size

    def forget(self, seen: SeenSchema) -> None:
        """Forget the documents of a schema that is kept no more: they would hold it, some megabytes each."""
        for key in [key for key in self._kept if key[1] is seen]:
            del self._kept[key]
            self._characters -= len(key[0])

    def prepare(self, text: str, name: str | None, seen: SeenSchema, *, may_write: bool) -> Prepared | Answer:
        """Return the operation, or the answer that refuses the document."""
        key = (text, seen)
        found = self._kept.get(key)
        if found is None or (isinstance(found, Answer) and not may_write):
            # What refuses a document elsewhere must not hide that it is a mutation.
            found = self._checked(text, name, seen, may_write=may_write)
            self._keep(key, found)
        else:
            self._kept.move_to_end(key)
        if isinstance(found, Answer):
            return found
        if name in found.operations:
            prepared = found.operations[name]
        else:
            operation = get_operation_ast(found.document, name)
            if operation is None:
                return refusal([GraphQLError(_no_operation(name))], ErrorCode.BAD_USER_INPUT)
            prepared = found.operations[name] = Prepared(found.document, operation, Coercer(seen.schema, operation))
        if prepared.operation.operation is OperationType.MUTATION and not may_write:
            raise MutationByGet
        return prepared

    def _compiled(self) -> "Iterator[CompiledOperation]":
        return (compiled for found in self._kept.values() for compiled in _compiled_of(found))

    def _checked(self, text: str, name: str | None, seen: SeenSchema, *, may_write: bool) -> Valid | Answer:
        try:
            check_text(text, self._limits)
            document = parse(text, max_tokens=_MAX_TOKENS, allow_empty_selection_sets=False)
        except TooExpensive as error:
            return refused_by(error)
        except GraphQLSyntaxError as error:
            return refusal([error], ErrorCode.GRAPHQL_PARSE_FAILED)
        except RecursionError:
            return refusal([GraphQLError(TOO_DEEP.message)], ErrorCode.GRAPHQL_PARSE_FAILED)
        operation = get_operation_ast(document, name)
        if operation and operation.operation is OperationType.MUTATION and not may_write:
            # Told before validation: by GET the answer is the same whether or not the schema has the mutation.
            raise MutationByGet
        return self._validated(document, seen)

    def _validated(self, document: DocumentNode, seen: SeenSchema) -> Valid | Answer:
        try:
            # Before validation, which some small documents would keep busy for minutes.
            check_document(document, self._limits)
            errors = validate(seen.schema, document, max_errors=MAX_ERRORS, allow_empty_selection_sets=False)
        except TooExpensive as error:
            return refused_by(error)
        except CyclicFragments as cycle:
            message = f"The fragment '{cycle}' spreads itself: take it out of what it spreads."
            errors = [GraphQLError(message, cycle.node)]
        except RecursionError:
            errors = [GraphQLError(TOO_DEEP.message)]
        return _refused(errors, document) if errors else Valid(document)

    def _keep(self, key: tuple[str, SeenSchema], found: Valid | Answer) -> None:
        if len(key[0]) > _LONGEST:
            return
        if key not in self._kept:
            self._characters += len(key[0])
        self._kept[key] = found
        while len(self._kept) > _MOST or self._characters > _MOST_CHARACTERS:
            self._forget_oldest()

    def _forget_oldest(self) -> Valid | Answer:
        (text, _), found = self._kept.popitem(last=False)
        self._characters -= len(text)
        return found


def _compiled_of(found: Valid | Answer) -> "Iterator[CompiledOperation]":
    operations = found.operations.values() if isinstance(found, Valid) else ()
    return (one.compiled for one in operations if one.compiled is not None)


def _refused(errors: list[GraphQLError], document: DocumentNode) -> Answer:
    """Return the answer that tells of the first errors, in not much more bytes than the document has."""
    room = max(_ROOM, _AMPLIFICATION * (document.loc.end if document.loc else 0))
    told = errors[:1]
    for error in errors[1:]:
        room -= len(error.message) + _AROUND_A_MESSAGE
        if room <= len(errors[0].message) + _AROUND_A_MESSAGE:
            break
        told.append(error)
    return refusal(told, ErrorCode.GRAPHQL_VALIDATION_FAILED)


def _no_operation(name: str | None) -> str:
    if name is None:
        return "The document has several operations or none: pass `operationName`, and a document with that operation."
    return "The document has no operation of the name that `operationName` gives."
