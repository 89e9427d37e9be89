"""Where messages begin in what a server has sent, found for most of them at once.

A message begins with its kind, a byte, and its length, four bytes, which counts itself and the content but not the
kind. So where one begins is told by the one before, and to go from each to the next takes a turn of a loop a row. But
nearly all messages are rows: all places that look like the beginning of one are found at once, and one that begins
where the one before ends is one. The others only look so, and what is no row is gone through one by one.
"""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from etl.sources.postgres_wal.cells import Buffer, Positions

FRAME: Final = 5
"""The bytes before a message's content: its kind and its length."""
LENGTH: Final = struct.Struct(">I")
DATA: Final = ord("d")
"""The kind of messages that hold a row."""

# The first two bytes of a row of less than 16 MB.
_BEGINNING: Final = DATA << 8
# In less than this it is faster to go through one by one.
_FEW_BYTES: Final = 16_384
# So many bytes, and what is told of each, stay in the processor's cache.
_PIECE: Final = 2**18
# Where more than one in so many is not followed by the next, it is faster to go through one by one.
_RARE: Final = 16


def contents(data: bytes, limit: int) -> tuple[Positions, int]:
    """Return where the contents of whole messages begin, and where the last of them ends.

    Data begins with a message, and what is from `limit` on does not count.
    """
    if limit < _FEW_BYTES:
        return _one_by_one(data, limit)
    begins, ends = _seeming(data, limit)
    cuts = np.flatnonzero(ends[:-1] != begins[1:])
    if not len(begins) or len(cuts) * _RARE > len(begins):
        return _one_by_one(data, limit)
    return _in_runs(data, limit, begins, ends, np.append(cuts, len(begins) - 1))


def _one_by_one(data: bytes, limit: int) -> tuple[Positions, int]:
    # This runs once a message: nothing here may be looked up twice.
    unpack, at = LENGTH.unpack_from, 1
    starts: list[int] = []
    add = starts.append
    while at + 4 <= limit:
        end = at + unpack(data, at)[0]
        if end > limit:
            break
        add(at + 4)
        at = end + 1
    return np.array(starts, dtype=np.int64), at - 1


def _seeming(data: bytes, limit: int) -> tuple[Positions, Positions]:
    """Return where rows of less than 16 MB seem to begin and to end, of those behind which another seems to begin."""
    buffer = Buffer(data)
    last = limit - FRAME
    places = [_places(buffer.octets[at : min(at + _PIECE, last) + 1]) + at for at in range(0, last, _PIECE)]
    begins = np.concatenate(places)
    ends = begins + 1 + buffer.integers(begins + 1, 4)
    is_followed = (ends <= last) & (buffer.integers(np.minimum(ends, last), 2) == _BEGINNING)
    return begins[is_followed], ends[is_followed]


def _places(octets: NDArray[np.uint8]) -> Positions:
    seems = octets[:-1] == DATA
    seems &= octets[1:] == 0
    return np.flatnonzero(seems)


def _in_runs(data: bytes, limit: int, begins: Positions, ends: Positions, cuts: Positions) -> tuple[Positions, int]:
    """Go from run to run of messages that follow each other; a run ends with each of the cuts."""
    found: list[Positions] = []
    at = 0
    while at + FRAME <= limit:
        place = int(np.searchsorted(begins, at))
        if place < len(begins) and begins[place] == at:
            last = int(cuts[np.searchsorted(cuts, place)])
            found.append(begins[place : last + 1])
            at = int(ends[last])
            continue
        end = at + 1 + LENGTH.unpack_from(data, at + 1)[0]
        if end > limit:
            break
        found.append(np.array([at]))
        at = end
    return (np.concatenate(found) if found else np.empty(0, dtype=np.int64)) + FRAME, at
