"""The load: `wrk` with a number of connections that send one request after the other."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

from app.errors import StartError
from bench.places import BENCH, LOADS
from bench.servers import Running
from bench.workloads import Requests

_PATIENCE: Final = 60


@dataclass(frozen=True)
class Load:
    """What came of a time of load; latencies in milliseconds."""

    requests: int
    failed: int
    seconds: float
    bytes_each: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def find_wrk() -> str:
    """Return the program's path."""
    found = shutil.which("wrk")
    if found is None:
        raise StartError(
            "the benchmark needs wrk: install it (Debian, Ubuntu: apt install wrk; macOS: brew install wrk)"
        )
    return found


def load(server: Running, requests: Requests, *, connections: int, seconds: int) -> Load:
    """Send the requests to a server for some seconds."""
    LOADS.mkdir(parents=True, exist_ok=True)
    path = LOADS / f"{server.peer.key}{requests.path.replace('/', '-')}.txt"
    head = [requests.path, *(f"{name}: {value}" for name, value in server.headers.items()), ""]
    path.write_bytes(b"\n".join([*(line.encode() for line in head), *requests.bodies]) + b"\n")
    path.chmod(0o600)
    command = [find_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "-s", str(BENCH / "requests.lua"), server.url, "--", str(path)],
        capture_output=True,
        text=True,
        timeout=seconds + _PATIENCE,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed: {done.stderr or done.stdout}")
    return read(done.stdout)


def read(output: str) -> Load:
    """Read what wrk and its script have printed."""
    told = json.loads(output.strip().splitlines()[-1])
    return Load(
        requests=told["requests"],
        failed=told["failed"],
        seconds=told["microseconds"] / 1e6,
        bytes_each=told["bytes"] / max(told["requests"], 1),
        p50=told["p50"] / 1000,
        p99=told["p99"] / 1000,
    )
