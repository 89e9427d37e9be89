"""The command line, run as operators run it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

GATEWAY = (sys.executable, "-c", "from app.cli import main; main()")


def environment(**settings: str) -> dict[str, str]:
    """The environment of the tests with these settings of the gateway and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, **{f"GATEWAY_{name.upper()}": value for name, value in settings.items()}}


def start(*arguments: str, settings: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
    """Start a command and go on."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*GATEWAY, *arguments], env=environment(**settings), text=True, **options)


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    process = start(*arguments, settings=settings)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


@contextmanager
def hearing_ctrl_c() -> Iterator[None]:
    """Let what is started hear Ctrl-C, also when the tests run in the background of a shell, which ignores it there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
