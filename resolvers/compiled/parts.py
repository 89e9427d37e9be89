"""Parts of a root field's JSON that are put together by the gateway from what its statement gave."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resolvers.compiled.marks import SEPARATOR
from resolvers.compiled.slots import Inputs
from resolvers.database import Texts


class Page(NamedTuple):
    """What a statement gave: its only row or, of a page of rows, what each column is on the page."""

    row: Texts | None
    columns: "Sequence[PageColumn]" = ()
    has_more: bool = False


class PageColumn(NamedTuple):
    """What is told of each row of a page, as one text with separators between; None where it has no rows.

    With `backward` the last row comes first.
    """

    text: bytes | None
    backward: bool

    def joined(self) -> bytes:
        """Return what is told of all rows, with commas between."""
        if self.text is None:
            return b""
        if self.backward:
            return b",".join(self.text.split(SEPARATOR)[::-1])
        return self.text.replace(SEPARATOR, b",")

    def end(self, *, is_last: bool) -> bytes | None:
        """Return what is told of the last row or the first."""
        if self.text is None:
            return None
        return self.text.rsplit(SEPARATOR, 1)[-1] if is_last is not self.backward else self.text.split(SEPARATOR, 1)[0]


@dataclass(frozen=True)
class PageSize:
    """How many rows a page has at the most. Its statement gives one more where there is one, in the last place.

    With `backward` the rows are read from the end.
    """

    size: Callable[[Inputs], int]
    backward: bool

    def page(self, texts: Texts, inputs: Inputs) -> Page:
        """Return the page; all texts are null where it has no rows."""
        *_, shortest = texts
        has_more = shortest is not None and shortest.count(SEPARATOR) >= self.size(inputs)
        if has_more:
            texts = [text and text[: text.rindex(SEPARATOR)] for text in texts]
        return Page(None, [PageColumn(text, self.backward) for text in texts], has_more)


Chunks = Sequence[bytes]
"""A text in pieces, which are put together once, when all of a response is there: copies of large ones are dear."""


class Part(ABC):
    """A part of the JSON."""

    @abstractmethod
    def of(self, page: Page) -> Chunks | None:
        """Return the part's text; None where the whole field has none."""


@dataclass(frozen=True)
class Text(Part):
    """A column of the statement's only row."""

    column: int

    def of(self, page: Page) -> Chunks | None:
        """Return the text."""
        text = page.row[self.column] if page.row else None
        return None if text is None else (text,)


@dataclass(frozen=True)
class Items(Part):
    """A column of all rows."""

    column: int

    def of(self, page: Page) -> Chunks:
        """Return the texts as those of an array."""
        return (page.columns[self.column].joined(),)


@dataclass(frozen=True)
class End(Part):
    """A column of the last row or the first; `null` where there is none."""

    column: int
    is_last: bool

    def of(self, page: Page) -> Chunks:
        """Return the text."""
        text = page.columns[self.column].end(is_last=self.is_last)
        return (b"null",) if text is None else (text,)


@dataclass(frozen=True)
class More(Part):
    """Whether there are more rows than the page has."""

    def of(self, page: Page) -> Chunks:
        """Return a truth value."""
        return (b"true",) if page.has_more else (b"false",)
