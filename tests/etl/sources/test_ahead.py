"""The next one is made while the last one is used, and a generator is closed whatever happens."""

import threading
from collections.abc import Generator

import pytest

from etl.sources.ahead import ahead
from tests.servers import wait_until


class Numbers:
    """Counts, and remembers what was made and whether it was closed."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.made: list[int] = []
        self.is_closed = False
        self.second = threading.Event()
        self._count, self._fails = count, fails

    def __iter__(self) -> Generator[int, None, None]:
        try:
            for number in range(self._count):
                self.made.append(number)
                if number == 1:
                    self.second.set()
                yield number
            if self._fails:
                raise ValueError
        finally:
            self.is_closed = True


def test_everything_comes_in_order_and_the_next_one_is_made_meanwhile() -> None:
    numbers = Numbers(3)
    given = ahead(iter(numbers))
    assert next(given) == 0
    assert numbers.second.wait(60)
    assert list(given) == [1, 2]
    assert numbers.is_closed


def test_several_are_made_ahead_and_no_more() -> None:
    numbers = Numbers(9)
    given = ahead(iter(numbers), 3)
    assert next(given) == 0
    wait_until("the next three are made", lambda: numbers.made == [0, 1, 2, 3])
    assert list(given) == list(range(1, 9))
    assert numbers.is_closed


def test_a_fault_comes_where_it_belongs() -> None:
    numbers = Numbers(2, fails=True)
    given = ahead(iter(numbers))
    assert [next(given), next(given)] == [0, 1]
    with pytest.raises(ValueError, match=r"^$"):
        next(given)
    assert numbers.is_closed


def test_whoever_stops_early_leaves_nothing_open() -> None:
    numbers = Numbers(9)
    given = ahead(iter(numbers))
    next(given)
    given.close()
    assert numbers.is_closed
    assert len(numbers.made) <= 2
