"""Programs that write while parts are killed."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def running(commands: Sequence[Sequence[str]]) -> Iterator[None]:
    """Run programs for the time of the block; none of them may end before it does."""
    processes = [subprocess.Popen(command) for command in commands]
    try:
        yield
        assert [process.poll() for process in processes] == [None] * len(commands)
    finally:
        for process in processes:
            process.kill()
            process.wait()
