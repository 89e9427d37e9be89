"""Locks between processes on files; the system drops them when their holder dies, however it dies."""

import fcntl
import os
import time
from pathlib import Path

_PAUSE = 0.02


class FileLock:
    """One flock on one file, exclusive or shared."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def try_exclusive(self, patience: float = 0.0) -> bool:
        """Take the lock alone, or return False when anybody else has it for longer than these seconds.

        A little patience passes over the moment in which `is_locked` looks.
        """
        deadline = time.monotonic() + patience
        while not self._acquire(fcntl.LOCK_EX | fcntl.LOCK_NB):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def exclusive(self) -> None:
        """Take the lock alone, waiting until everybody else has let go."""
        self._acquire(fcntl.LOCK_EX)

    def shared(self) -> None:
        """Take the lock beside other sharers, waiting while somebody has it alone."""
        self._acquire(fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def write(self, text: str) -> None:
        """Leave a note in the file for those who find it locked."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not locked by this process")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def _acquire(self, operation: int) -> bool:
        if self._descriptor is not None:
            raise RuntimeError(f"{self.path} is already locked by this object")
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True


def is_locked(path: Path) -> bool:
    """Tell whether some process holds the file exclusively, without creating or changing anything."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
