"""Private files that are either whole or absent, whatever moment the process is killed at."""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

PRIVATE = 0o600


def replace_file(path: Path, text: str) -> None:
    """Write `text` with mode 600 so that readers and crashes see the old or the new file, never a part."""
    scratch = path.with_name(f"{path.name}.tmp")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames inside the folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, object] | None:
    """Return the object in the file, or nothing when there is no such file or no object in it."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return value
    return None


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Replace the file by this object."""
    replace_file(path, json.dumps(value, indent=2) + "\n")


def new_password() -> str:
    """Return 192 random bits in characters that need no quoting in URLs, SQL or configuration files."""
    return secrets.token_urlsafe(24)
