"""Making the next one while the last one is used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(parts: Generator[T, None, None]) -> Iterator[T]:
    """Give what a generator gives, the next one being made in a thread meanwhile."""
    end = object()
    with ThreadPoolExecutor(1, "ahead") as pool:
        try:
            following = pool.submit(next, parts, end)
            while (one := following.result()) is not end:
                following = pool.submit(next, parts, end)
                yield one  # type: ignore[misc]  # what isn't the end is a part
        finally:
            # A generator is closed where nobody runs it.
            pool.shutdown()
            parts.close()
