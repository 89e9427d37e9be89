"""Places at which a crash harness can end the worker, as a power cut would.

Nothing in the environment or in the settings arms one. Only the interpreter's own command line does,

    python -X crash_at=write:3 -m app etl stream

which kills the process (SIGKILL) the third time that it reaches `write`. Where none is armed, reaching one costs a look
at an empty dictionary, once a batch and never once a row.
"""

import os
import signal
import sys
from typing import Final

POINTS: Final = ("read", "decode", "buffer", "write", "checkpoint", "commit", "acknowledge")
"""In the order in which a batch reaches them.

`read` after bytes were received, `decode` before they become typed rows, `buffer` with a batch in hand, `write` after
its rows were written, `checkpoint` after its position was, both within the transaction, `commit` after that has ended,
`acknowledge` before the source is told.
"""

_OPTION: Final = "crash_at"
_left: dict[str, int] = {}


def arm_from_command_line() -> None:
    """Arm the point that was named by `-X crash_at=POINT:TIMES`, if one was; the worker calls it when it starts."""
    said = sys._xoptions.get(_OPTION)  # noqa: SLF001 - the documented place of -X options
    if isinstance(said, str):
        arm(said)


def arm(said: str) -> None:
    """Let the process die the given time that it reaches a point: `write:3`; ValueError for one that is none."""
    point, _, times = said.partition(":")
    if point not in POINTS:
        raise ValueError(f"{point!r} is no fail point: take one of {', '.join(POINTS)}")
    _left[point] = int(times or 1)


def disarm() -> None:
    """Let every point be passed again."""
    _left.clear()


def reach(point: str) -> None:
    """Pass a point, or die there."""
    if _left:
        _count(point)


def _count(point: str) -> None:
    if point in _left:
        _left[point] -= 1
        if _left[point] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
