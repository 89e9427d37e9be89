"""Making the next ones while the last one is used."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Comes where there are no more parts."""


def ahead(parts: Generator[T, None, None], count: int = 1) -> Generator[T, None, None]:
    """Give what a generator gives, the next `count` being made in a thread meanwhile."""

    def following() -> T | _End:
        return next(parts, _End())

    with ThreadPoolExecutor(1, "ahead") as pool:
        waiting: deque[Future[T | _End]] = deque(pool.submit(following) for _ in range(count))
        try:
            while not isinstance(one := waiting.popleft().result(), _End):
                waiting.append(pool.submit(following))
                yield one
        finally:
            # A generator is closed where nobody runs it.
            pool.shutdown(cancel_futures=True)
            parts.close()
