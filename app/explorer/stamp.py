"""What a build is made from, as one digest: equal digests need no new build."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SOURCE_FOLDERS: Final = ("src", "examples")
# Counts up when the build makes something else of the same sources.
RECIPE: Final = b"1"


def package_files(project: Path) -> list[Path]:
    """Return the files that decide which packages are installed, and how."""
    return [project / name for name in (".npmrc", "package.json", "package-lock.json")]


def sources(project: Path) -> list[Path]:
    """Return all files that a build depends on."""
    configuration = [path for pattern in ("*.html", "*.ts", "tsconfig.json") for path in project.glob(pattern)]
    code = [path for folder in SOURCE_FOLDERS for path in (project / folder).rglob("*") if path.is_file()]
    return sorted([*package_files(project), *configuration, *code])


def digest_of(files: Iterable[Path], project: Path) -> str:
    """Return a digest of the names and the contents of files in `project`."""
    digest = hashlib.sha256(RECIPE)
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(project).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
