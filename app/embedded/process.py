"""Starting, watching and stopping of server processes as children that do not outlive this one."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

_LAUNCHER = Path(__file__).with_name("launch.py")
_MAIN_THREAD_ONLY = "servers are started from the main thread: the system ends them with the thread that made them"
_PAUSE = 0.02
# What is ending by itself gets time to.
_REAPING = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
# Nothing of the caller's environment: PGPORT or PGOPTIONS would reach the server.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "LC_ALL": "C",
    "TZ": "UTC",
    # glibc gives blocks from 128 KiB on back to the system at once, and fetches them anew, page by page, for the next
    # answer: a tenth of PostgreSQL's time where answers are that large (`docs/performance.md`).
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}

Child = subprocess.Popen[bytes]


def spawn(
    command: Sequence[str | Path],
    *,
    switch: str,
    death_signal: signal.Signals,
    output: int | IO[bytes],
    source: int | IO[bytes] = subprocess.DEVNULL,
    folder: Path = Path("/"),
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] = _ENVIRONMENT,
) -> Child:
    """Start a program as the user that `switch` names (see `identity`), tied to this process's life.

    `output` receives both standard streams. It has a session of its own: Ctrl-C in a terminal reaches only
    the gateway, which stops its servers in order.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(_MAIN_THREAD_ONLY)
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal)), switch]
    return subprocess.Popen(  # noqa: S603 - only programs that `binaries.locate` found, without a shell
        [*launcher, str(folder), *map(str, command)],
        stdin=source,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd="/",
        start_new_session=True,
        pass_fds=descriptors,
    )


def stopping(child: Child, steps: Sequence[tuple[signal.Signals, float]]) -> Iterator[float]:
    """Send one signal after the other until the child is gone, giving each its seconds; yields pauses to wait."""
    for number, patience in steps:
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
        deadline = time.monotonic() + patience
        while child.poll() is None and time.monotonic() < deadline:
            yield _PAUSE


def reaping(name: str, token: str) -> Iterator[float]:
    """End the processes called `name` with the token in their command line; yields pauses to wait.

    Those are servers whose parent died, and the processes of a server that was killed itself. They hold the
    shared memory and the ports that a new server needs.
    """
    for number, patience in _REAPING:
        deadline = time.monotonic() + patience
        signalled: set[int] = set()
        while left := _find(name, token):
            for process in left:
                # A clean end may be asked only of the main process: others of PostgreSQL would take the signal
                # for its order.
                if process.pid not in signalled and (number != signal.SIGINT or _is_main(process, name)):
                    signalled.add(process.pid)
                    with contextlib.suppress(psutil.Error):
                        process.send_signal(number)
            if time.monotonic() > deadline or not signalled:
                break
            yield _PAUSE
        else:
            return


def find_pids(name: str, token: str) -> list[int]:
    """Return the processes called `name` with the token in their command line."""
    return [process.pid for process in _find(name, token)]


def run_through(pauses: Iterator[float]) -> None:
    """Wait out what `stopping`, `reaping` or a server's start yield."""
    for pause in pauses:
        time.sleep(pause)


def _find(name: str, token: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] == name and _has_in_command_line(process, token)
    ]


def _has_in_command_line(process: psutil.Process, token: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and any(token in part for part in process.cmdline())
    except psutil.Error:
        return False


def _is_main(process: psutil.Process, name: str) -> bool:
    try:
        return not process.cmdline()[0].startswith(f"{name}: ")
    except (psutil.Error, IndexError):
        return False
