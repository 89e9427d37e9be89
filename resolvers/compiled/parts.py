"""Parts of a root field's JSON that are put together by the gateway from what its statement gave."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from resolvers.compiled.marks import SEPARATOR
from resolvers.compiled.reply import Reply
from resolvers.compiled.slots import Inputs, Rows


@dataclass(frozen=True)
class PageSize:
    """How many rows a page has at the most. Its statement gives one more where there is one, in the last place."""

    asked: int | Rows

    def cut(self, reply: Reply, inputs: Inputs) -> None:
        """Take the row beyond the page from a reply, where there is one; its texts are null where it has no rows."""
        shortest, asked = reply.texts[-1], self.asked
        size = inputs.sizes[asked.size] if isinstance(asked, Rows) else asked
        if shortest is not None and shortest.count(SEPARATOR) >= size:
            reply.texts = [text and text[: text.rindex(SEPARATOR)] for text in reply.texts]
            reply.has_more = True


Chunks = Sequence[bytes]
"""A text in pieces, which are put together once, when all of a response is there: copies of large ones are dear."""


class Part(ABC):
    """A part of the JSON."""

    @abstractmethod
    def of(self, reply: Reply) -> bytes | None:
        """Return the part's text; None where the whole field has none."""


@dataclass(frozen=True)
class Text(Part):
    """A column of the statement's only row."""

    column: int

    def of(self, reply: Reply) -> bytes | None:
        """Return the text."""
        return reply.texts[self.column]


@dataclass(frozen=True)
class Items(Part):
    """What is told of each row of a page; with `backward` the last row comes first."""

    column: int
    backward: bool

    def of(self, reply: Reply) -> bytes:
        """Return it as the items of an array."""
        text = reply.texts[self.column]
        if text is None:
            return b""
        if self.backward:
            return b",".join(text.split(SEPARATOR)[::-1])
        return text.replace(SEPARATOR, b",")


@dataclass(frozen=True)
class Cursor(Part):
    """The cursor of the row that comes first, or last, as they were read; `null` where there is none.

    Its column has the values of each row as JSON, with commas between, and `number` is that of its page.
    """

    column: int
    number: int
    is_last: bool

    def of(self, reply: Reply) -> bytes:
        """Return the cursor."""
        text = reply.texts[self.column]
        if text is None:
            return b"null"
        values = text.rsplit(SEPARATOR, 1)[-1] if self.is_last else text.split(SEPARATOR, 1)[0]
        return reply.sealed_end(self.number, b"[%b]" % values)


@dataclass(frozen=True)
class More(Part):
    """Whether there are more rows than the page has."""

    def of(self, reply: Reply) -> bytes:
        """Return a truth value."""
        return b"true" if reply.has_more else b"false"
