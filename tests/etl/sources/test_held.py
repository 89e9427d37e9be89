"""Received bytes are held in one room, which is as large as it has to be."""

from etl.sources.postgres_wal.cells import PADDING
from etl.sources.postgres_wal.held import Held


def receive(held: Held, data: bytes) -> None:
    held.free(len(data))[:] = data
    held.filled(len(data))


def test_what_is_dropped_goes_and_the_rest_stays() -> None:
    held = Held()
    receive(held, b"one")
    receive(held, b"two")
    held.drop(3)
    receive(held, b"three")
    assert (held.size, held.padded()[:8], held.last(5)) == (8, b"twothree", b"three")
    assert (held.seen(0, 3), held.seen(6, 99), held.last(99)) == (b"two", b"ee", b"twothree")


def test_behind_the_last_byte_there_is_always_something_to_read() -> None:
    held = Held()
    for size in (1, 2**19, 2**20):
        receive(held, bytes(size))
        assert len(held.padded()) == held.size + len(PADDING)


def test_room_for_a_large_row_is_given_back() -> None:
    held = Held()
    receive(held, b"a" * 2**24 + b"rest")
    assert len(held._room) > 2**24
    held.drop(2**24)
    assert (held.padded()[:4], held.size) == (b"rest", 4)
    assert len(held._room) < 2**20
