"""Embedded servers owned by another process than the tests, which may be killed."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import psutil

ROOT = Path(__file__).parents[1]
PROGRAM = Path("tests/app/embedded/program.py")
_PATIENCE = 90.0
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Environment:
    """How Python is run: by default as the tests are."""

    python: Sequence[str | Path] = (sys.executable,)
    root: Path = ROOT
    path: Sequence[Path] = (ROOT,)
    user: int | None = None
    # More environment variables.
    variables: Mapping[str, str] = field(default_factory=dict)


THIS = Environment()


class ServerProgram:
    """A process that owns or has joined the servers of a data folder; see its program for what it says."""

    def __init__(
        self,
        command: str,
        folder: Path,
        owner: str = "gateway serve",
        tuning: str = "quick",
        environment: Environment = THIS,
    ) -> None:
        self.process = subprocess.Popen(
            [*environment.python, environment.root / PROGRAM, command, folder, owner, tuning],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **environment.variables, "PYTHONPATH": os.pathsep.join(map(str, environment.path))},
            cwd="/",
            user=environment.user,
            group=environment.user,
            extra_groups=None if environment.user is None else [],
        )
        self.answer: Mapping[str, str] = {}

    def wait(self) -> Self:
        """Wait until it has said that the servers are ready, or why not."""
        assert self.process.stdout is not None
        if not select.select([self.process.stdout], [], [], _PATIENCE)[0]:
            raise TimeoutError(f"the program said nothing within {_PATIENCE} s")
        self.answer = json.loads(self.process.stdout.readline() or "{}")
        return self

    def end(self) -> int:
        """Let it stop as it does when its work is done; returns its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(_PATIENCE)

    def kill(self) -> None:
        """End it as kill -9 does."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def children(self, name: str) -> list[psutil.Process]:
        """Return its child processes of this name; none of those that end meanwhile."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.name() == name:
                    found.append(child)
        return found

    def __enter__(self) -> Self:
        try:
            return self.wait()
        except BaseException:
            # What is left open would be told of in another test.
            self.kill()
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self.close()

    def close(self) -> None:
        """Let go of what connects to it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def wait_until(description: str, condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the callable is true."""
    awaited(description, condition, seconds)


def awaited(description: str, ask: Callable[[], Answer], seconds: float = 60.0) -> Answer:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {description}")
        time.sleep(0.02)
    return answer
