"""A stand-in for BigQuery: an emulator in an environment and a process of its own, one for the whole test run.

The environment is made on the first use, in some seconds, from the lock `requirements-emulator.txt`; it stays in
`.venv` until the lock changes.
"""

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.embedded.locks import FileLock
from app.embedded.ports import answers, choose_port
from etl.warehouses.bigquery.service import Place

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-emulator.txt"
READY_SECONDS = 120
# It wants two extensions of its database that come from a server of their own; nothing here needs them.
START = """
import sys
from typing import Any
from bqemulator.storage.engine import DuckDBEngine
DuckDBEngine._load_spatial = DuckDBEngine._load_format_extensions = lambda self: None
from bqemulator.cli import main
main(["start", "--log-level", "error", *sys.argv[1:]])
"""
_datasets = itertools.count()


@dataclass(frozen=True)
class Emulator:
    """Where it listens."""

    rest_port: int
    grpc_port: int

    def place(self, **details: Any) -> Place:
        """Return a warehouse that nobody has used."""
        named: dict[str, Any] = {"project": "test", "dataset": f"d{next(_datasets)}"} | details
        return Place(
            **named,
            rest_endpoint=f"http://127.0.0.1:{self.rest_port}",
            grpc_endpoint=f"127.0.0.1:{self.grpc_port}",
        )


@pytest.fixture(scope="session")
def bigquery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with _running(_environment(), tmp_path_factory.mktemp("bigquery")) as emulator:
        yield emulator


def _environment() -> Path:
    """Return the Python of the emulator's environment, made when it is missing or another lock's."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = Path(sys.prefix) / "emulator"
    python, marker = folder / "bin" / "python", folder / digest
    lock = FileLock(Path(sys.prefix) / "emulator.lock")
    lock.exclusive()
    try:
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = Path(sys.prefix) / "bin" / "uv"
            _run(uv, "venv", "--quiet", "--no-config", "--python", sys.executable, folder)
            _run(uv, "pip", "install", "--quiet", "--no-config", "--require-hashes", "--python", python, "-r", LOCK)
            marker.touch()
    finally:
        lock.release()
    return python


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True)


@contextmanager
def _running(python: Path, folder: Path) -> Iterator[Emulator]:
    emulator = Emulator(choose_port(0), choose_port(0))
    ports = ["--rest-port", str(emulator.rest_port), "--grpc-port", str(emulator.grpc_port)]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([python, "-c", START, *ports], env=kept, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(process, emulator, folder / "log")
        yield emulator
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], emulator: Emulator, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (answers(emulator.rest_port) and answers(emulator.grpc_port)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the emulator of BigQuery does not start:\n{log.read_text()}")
        time.sleep(0.1)
