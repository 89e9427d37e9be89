"""What the figures were measured on."""

import json
import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bench.load import find_wrk
from bench.node import node
from bench.places import POSTGRAPHILE


def describe(database_url: str) -> dict[str, Any]:
    """Return the machine and the versions of what ran on it."""
    return {
        **describe_machine(database_url),
        "node": _output(node(), "--version").removeprefix("v"),
        "postgraphile": _postgraphile(),
        "strawberry": version("strawberry-graphql"),
        "starlette": version("starlette"),
        "uvicorn": version("uvicorn"),
        "asyncpg": version("asyncpg"),
        "wrk": (re.search(r"wrk (\S+)", _output(find_wrk(), "-v")) or [None, "?"])[1],
    }


def describe_machine(database_url: str) -> dict[str, Any]:
    """Return the machine, and what is measured on it whatever the measurement."""
    with psycopg.connect(database_url) as connection:
        server = connection.info.server_version
    return {
        "cpu": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": f"{server // 10_000}.{server % 10_000}",
        "load_average": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except FileNotFoundError:
        found = None
    return found[1] if found else platform.processor()


def _postgraphile() -> str:
    package = POSTGRAPHILE / "node_modules" / "postgraphile" / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip()
