"""The collector of a gateway looks seldom, and still finds what only it can."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from app import memory


class Ring:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.ring = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_there_is_left_out_and_what_comes_is_looked_at_seldom() -> None:
    gc.collect()
    memory.settle()
    assert gc.get_freeze_count() > 10_000
    before = gc.get_stats()[0]["collections"]
    kept: list[list[object]] = [[] for _ in range(5_000)]
    assert gc.get_stats()[0]["collections"] - before <= 1
    assert len(kept) == 5_000


def test_garbage_is_found_all_the_same() -> None:
    memory.settle()
    rings = [weakref.ref(Ring()) for _ in range(30_000)]
    assert sum(ring() is not None for ring in rings) < 20_000
