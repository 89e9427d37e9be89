"""Messages are found where they are, whatever looks like one within them, and however little has come of the last."""

import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.sources.postgres_wal import framing
from etl.sources.postgres_wal.cells import PADDING
from etl.sources.postgres_wal.framing import FRAME, contents

# What looks like the beginning of a row, with a length behind it or anything.
LOOKALIKES = st.sampled_from(
    [b"d", b"d\0", b"d\0\0\0", b"d\0\0\0\4", b"d\0\0\0\5x", b"d\0\1\0\0", b"paid\0\0\0\10", b"\0\0"]
)
CONTENTS = st.lists(LOOKALIKES | st.binary(max_size=6), max_size=6).map(b"".join)
MESSAGES = st.lists(st.tuples(st.sampled_from([b"d", b"d", b"d", b"N", b"Z"]), CONTENTS), min_size=1, max_size=40)


def framed(messages: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(kind + struct.pack(">I", len(content) + 4) + content for kind, content in messages)


def followed(data: bytes) -> tuple[list[int], int]:
    """Go from each message to the next, as the protocol says."""
    starts, at = [], 0
    while at + FRAME <= len(data) and (end := at + 1 + struct.unpack_from(">I", data, at + 1)[0]) <= len(data):
        starts.append(at + FRAME)
        at = end
    return starts, at


# The last byte of the message is still to come, and where the next one could begin at the latest one seems to.
@example([(b"d", b"d\0d\0\0\0")], 1, 2**18, 16)
@settings(max_examples=300)
@given(MESSAGES, st.integers(0, 30), st.sampled_from([3, 64, 2**18]), st.sampled_from([0, 16]))
def test_all_are_found(messages: list[tuple[bytes, bytes]], cut: int, piece: int, rare: int) -> None:
    data = framed(messages)
    data = data[: max(len(data) - cut, FRAME)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("_FEW_BYTES", FRAME + 1), ("_PIECE", piece), ("_RARE", rare)):
            patch.setattr(framing, name, value)
        starts, end = contents(data + PADDING, len(data))
    assert (starts.tolist(), end) == followed(data)


@pytest.mark.parametrize("content", [b"x" * 90, b"paid\0\0\0\12" + b"d" * 82, framed([(b"d", b"x" * 40)]) * 2])
def test_many_are_found_at_once_and_one_by_one_alike(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    data = framed([(b"d", content + bytes(number % 9)) for number in range(20_000)])
    found, end = contents(data + PADDING, len(data))
    assert len(found) == 20_000
    monkeypatch.setattr(framing, "_FEW_BYTES", len(data) + 1)
    expected, expected_end = contents(data + PADDING, len(data))
    assert np.array_equal(found, expected)
    assert end == expected_end == len(data)


def test_a_row_of_many_megabytes_is_one() -> None:
    messages = [(b"d", b"x" * 50)] * 3 + [(b"d", bytes(2**24 + 1))] + [(b"d", b"y")] * 2
    data = framed(messages)
    starts, end = contents(data + PADDING, len(data))
    assert starts.tolist() == followed(data)[0]
    assert end == len(data)
