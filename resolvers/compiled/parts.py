"""Parts of a root field's JSON that are put together by the gateway from the rows that its statement gave."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resolvers.compiled.slots import Inputs
from resolvers.database import Texts


@dataclass(frozen=True)
class Page:
    """The rows of a page, in its order, and whether the statement gave one more."""

    rows: Sequence[Texts]
    has_more: bool = False


@dataclass(frozen=True)
class PageSize:
    """How many rows of a statement are on its page; the statement may give one more, from the end if `backward`."""

    size: Callable[[Inputs], int]
    backward: bool

    def page(self, rows: Sequence[Texts], inputs: Inputs) -> Page:
        """Return the page."""
        size = self.size(inputs)
        has_more, on_page = len(rows) > size, rows[:size]
        return Page(on_page[::-1] if self.backward else on_page, has_more)


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
        text = page.rows[0][self.column] if page.rows else None
        return None if text is None else (text,)


@dataclass(frozen=True)
class Items(Part):
    """A column of all rows, each of which begins with a comma."""

    column: int

    def of(self, page: Page) -> Chunks:
        """Return the texts, without the first comma."""
        column = self.column
        texts = [row[column] or b"" for row in page.rows]
        if texts:
            texts[0] = texts[0][1:]
        return texts


@dataclass(frozen=True)
class End(Part):
    """A column of the last row or the first; `null` where there is none."""

    column: int
    at: int

    def of(self, page: Page) -> Chunks | None:
        """Return the text."""
        return (page.rows[self.at][self.column] or b"null",) if page.rows else (b"null",)


@dataclass(frozen=True)
class More(Part):
    """Whether there are more rows than the page has."""

    def of(self, page: Page) -> Chunks:
        """Return a truth value."""
        return (b"true",) if page.has_more else (b"false",)
