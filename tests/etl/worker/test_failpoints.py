"""Fail points: nothing without the interpreter's own option, the end of the process with it."""

import os
import signal
import subprocess
import sys

import pytest

from etl.worker import failpoints

PROGRAM = """
from etl.worker import failpoints
failpoints.arm_from_command_line()
for turn in range(3):
    failpoints.reach("write")
    print(turn, flush=True)
"""


def run(*options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *options, "-c", PROGRAM]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)


def test_a_process_dies_where_it_was_told_to() -> None:
    done = run("-X", "crash_at=write:3")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "0\n1\n")


def test_nothing_else_arms_a_point() -> None:
    done = run("-X", "crash_at=read", CRASH_AT="write:1", PYTHONDEVMODE="1")
    assert (done.returncode, done.stdout) == (0, "0\n1\n2\n")


def test_a_point_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="take one of read"):
        failpoints.arm("wrte:1")
