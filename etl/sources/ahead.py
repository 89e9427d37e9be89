"""Making the next ones while the last one is used."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(parts: Generator[T, None, None], count: int = 1) -> Iterator[T]:
    """Give what a generator gives, the next `count` being made in a thread meanwhile."""
    end = object()
    with ThreadPoolExecutor(1, "ahead") as pool:
        following: deque[Future[object]] = deque(pool.submit(next, parts, end) for _ in range(count))
        try:
            while (one := following.popleft().result()) is not end:
                following.append(pool.submit(next, parts, end))
                yield one  # type: ignore[misc]  # what isn't the end is a part
        finally:
            # A generator is closed where nobody runs it.
            pool.shutdown(cancel_futures=True)
            parts.close()
