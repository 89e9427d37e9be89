"""One run of something in a process of its own: how long it took, and what it used."""

import multiprocessing
import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psutil

_MEGABYTE_OF_RUSAGE: Final = 1024
"""Linux tells kilobytes."""


@dataclass(frozen=True)
class Run:
    """What a run took: seconds by the clock, of processor time, its peak memory, and what it found.

    `machine_seconds` is the processor time of everything that ran meanwhile, its own too. The memory of other programs
    is not known.
    """

    seconds: float
    processor_seconds: float
    machine_seconds: float = 0.0
    peak_memory_mb: float = 0.0
    found: Any = None


class Clock:
    """Starts when a run's preparations are done: what came before is not counted, but in memory."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Count from now on."""
        self._begin = _now()
        self._end: tuple[float, float, float] | None = None

    def end(self) -> None:
        """Count no further: what was measured is reached, and tidying up follows."""
        self._end = _now()

    def stop(self, found: Any) -> Run:
        """Return what was used since the start, up to the end."""
        seconds, processor, machine = (end - begin for begin, end in zip(self._begin, self._end or _now(), strict=True))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MEGABYTE_OF_RUSAGE
        return Run(seconds, processor, machine, peak, found)


def _now() -> tuple[float, float, float]:
    return time.perf_counter(), time.process_time(), _machine_seconds()


def _machine_seconds() -> float:
    """Return what all processors have worked since the machine was started."""
    times = psutil.cpu_times()
    return sum(getattr(times, kind, 0.0) for kind in ("user", "nice", "system", "irq", "softirq"))


def in_process(function: Callable[..., Any], *arguments: Any) -> Run:
    """Run a function of a module in a new interpreter; its first argument is the clock."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (function, arguments))


def program(command: Sequence[str | os.PathLike[str]]) -> Run:
    """Run a program whose output goes nowhere; RuntimeError when it fails."""
    start, _, machine = _now()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process:
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} failed: {said.decode(errors='replace').strip()[-500:]}")
    end, _, machine_end = _now()
    return Run(end - start, used.ru_utime + used.ru_stime, machine_end - machine)


def _timed(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Run:
    clock = Clock()
    return clock.stop(function(clock, *arguments))
