"""Parts of a root field's JSON that are put together by the gateway from what its statement gave."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resolvers.compiled.marks import SEPARATOR
from resolvers.compiled.slots import Inputs
from resolvers.database import Texts


class Page(NamedTuple):
    """What a statement gave: its only row or, of a page of rows, the texts of each column, and whether one row more."""

    row: Texts | None
    columns: Sequence[Sequence[bytes]] = ()
    has_more: bool = False


@dataclass(frozen=True)
class PageSize:
    """How the rows of a page are found in one text, where the texts of their columns follow each other.

    There are at most `size` rows and one more, which stands at the end, or with `backward` all are from the end.
    """

    size: Callable[[Inputs], int]
    backward: bool
    columns: int

    def page(self, text: bytes | None, inputs: Inputs) -> Page:
        """Return the page; the text is null where it has no rows."""
        texts = [] if text is None else text.split(SEPARATOR)
        size = self.size(inputs)
        on_page = [texts[at : size * self.columns : self.columns] for at in range(self.columns)]
        if self.backward:
            on_page = [column[::-1] for column in on_page]
        return Page(None, on_page, len(texts) > size * self.columns)


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
        return (b",".join(page.columns[self.column]),)


@dataclass(frozen=True)
class End(Part):
    """A column of the last row or the first; `null` where there is none."""

    column: int
    at: int

    def of(self, page: Page) -> Chunks:
        """Return the text."""
        texts = page.columns[self.column]
        return (texts[self.at],) if texts else (b"null",)


@dataclass(frozen=True)
class More(Part):
    """Whether there are more rows than the page has."""

    def of(self, page: Page) -> Chunks:
        """Return a truth value."""
        return (b"true",) if page.has_more else (b"false",)
